/**
 * A recorded message as text of HTTP/1.1 (`message/http`, RFC 9112 section 10.1) for operators. Credentials in fields and target,
 * and what is a secret by its name or form in the body, are replaced by `***`; everything else is byte for byte as it was
 * recorded. A body whose coding hides it is not shown.
 */
import { fieldValue } from '../esc/headers.ts';
import { isCredentialField } from '../journal/credentials.ts';
import type { AnswerMessage, RequestMessage } from '../journal/message.ts';
import { maskedJson } from './masked-json.ts';
import { maskedXml } from './masked-xml.ts';
import { isSecretName, mask, maskedTarget, maskedText } from './secrets.ts';

export const requestText = ({
  method,
  path,
  headers,
  body,
}: RequestMessage & { method: string; path: string }): Buffer =>
  messageText(`${method} ${maskedTarget(path)} HTTP/1.1`, headers, body);

export const answerText = ({ status, headers, body }: AnswerMessage): Buffer =>
  messageText(`HTTP/1.1 ${status} `, headers, body);

function messageText(startLine: string, headers: readonly string[], body: Uint8Array): Buffer {
  const lines = [startLine];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    lines.push(`${name}: ${maskedField(name, headers[index + 1] ?? '')}`);
  }
  const coding = fieldValue(headers, 'content-encoding');
  const shown = coding === null || coding === 'identity' ? maskedBody(body) : `(${body.byteLength} bytes in ${coding})`;
  // Field values are bytes, which Node reads as Latin-1; so is the body read here.
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${shown}`, 'latin1');
}

/** Callback URLs of clients may bear what authorises the call anywhere in their query. */
const urlField = /^callback([-_]esc[-_]events)?$/i;

function maskedField(name: string, value: string): string {
  if (isCredentialField(name) || isSecretName(name) || name.toLowerCase() === 'authentication-info') return mask;
  return maskedText(urlField.test(name) ? value.replace(/\?.*$/s, `?${mask}`) : value);
}

/** In Latin-1. By its first character, which tells more truly what a body is than its type does. */
function maskedBody(body: Uint8Array): string {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  const begin = /[^\s\u00ef\u00bb\u00bf]/.exec(text)?.[0];
  if (begin === '<') return maskedXml(text);
  return begin === '{' || begin === '[' || begin === '"' ? maskedJson(text) : maskedText(text);
}
