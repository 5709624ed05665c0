/**
 * What of HTTP Node lets through or refuses in its own words: checked and refused here, with a problem. Nothing of a
 * refused request reaches ESC (RFC 9110, RFC 9112; reference: standards page, M-01 to M-09).
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError, type ProblemCode } from '../domain/problem.ts';
import { problemAnswer } from './problem-answer.ts';

export const targetMaxChars = 16 * 1024;
export const headersMaxBytes = 64 * 1024;

const hostForm = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;
const safe: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
const mutating: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE'];
const allowed = [...safe, ...mutating].join(', ');

export const isSafe = (method: string): boolean => safe.includes(method);

/** @throws GatewayError for a request that must not be acted on. */
export function checkRequest(request: IncomingMessage): void {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  if (url.length > targetMaxChars) {
    throw refused('uri-too-long', `The request target is longer than ${targetMaxChars} characters.`);
  }
  const hosts = rawHeaders.filter((_, index) => index % 2 === 0 && rawHeaders[index]?.toLowerCase() === 'host');
  const host = request.headers.host ?? '';
  if (hosts.length > 1) throw refused('invalid-request', 'There is more than one Host field (RFC 9112 section 3.2).');
  if (httpVersion === '1.1' && hosts.length === 0)
    throw refused('invalid-request', 'There is no Host field (RFC 9112 section 3.2).');
  if (host !== '' && !hostForm.test(host))
    throw refused('invalid-request', 'The Host field is malformed (RFC 9112 section 3.2).');
  if (!isSafe(method) && !mutating.includes(method)) {
    throw new GatewayError('method-not-allowed', {
      detail: `${method} is not taken here.`,
      sent: 'no',
      headers: { Allow: allowed },
    });
  }
}

const refused = (code: ProblemCode, detail: string): GatewayError => new GatewayError(code, { detail, sent: 'no' });

/** Node's own refusals, before there is a request: answered with a problem, then the connection is closed. */
export function answerParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { status, headers, body } = problemAnswer(parserProblem(error));
  const lines = Object.entries({ ...headers, Date: new Date().toUTCString(), Connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${statusText(status)}\r\n${head}\r\n${body}`);
}

function parserProblem(error: NodeJS.ErrnoException): GatewayError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return refused('headers-too-large', `Request line and header fields may have ${headersMaxBytes} bytes together.`);
    case 'HPE_INVALID_METHOD':
      return refused('not-implemented', 'The request method is not known.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refused('request-timeout', 'The request did not arrive in time.');
    default:
      return refused('invalid-request', `The request is not HTTP/1.1 as RFC 9112 has it: ${error.message}.`);
  }
}

const statusText = (status: number): string => (status === 431 ? 'Request Header Fields Too Large' : 'Refused');
