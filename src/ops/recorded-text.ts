/**
 * A recorded message as text of HTTP/1.1 (`message/http`, RFC 9112 section 10.1) for operators. Values of fields that
 * carry credentials are replaced by `***`; everything else, the body too, is byte for byte as it was recorded.
 */
import type { AnswerMessage, RequestMessage } from '../journal/message.ts';

const credentialFields: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'authentication-info',
]);

const mask = '***';

export const requestText = ({
  method,
  path,
  headers,
  body,
}: RequestMessage & { method: string; path: string }): Buffer =>
  messageText(`${method} ${path} HTTP/1.1`, headers, body);

export const answerText = ({ status, headers, body }: AnswerMessage): Buffer =>
  messageText(`HTTP/1.1 ${status} `, headers, body);

function messageText(startLine: string, headers: readonly string[], body: Uint8Array): Buffer {
  const lines = [startLine];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    lines.push(`${name}: ${credentialFields.has(name.toLowerCase()) ? mask : (headers[index + 1] ?? '')}`);
  }
  // Field values are bytes, which Node reads as Latin-1.
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}
