/**
 * What of HTTP Node lets through or refuses in its own words: checked and refused here, with a problem. Nothing of a
 * refused request reaches ESC (RFC 9110, RFC 9112; reference: standards page, M-01 to M-09).
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError, type ProblemCode } from '../domain/problem.ts';
import { valuesOf } from '../upstream/headers.ts';
import { Conversation } from './conversation.ts';

const targetMaxChars = 16 * 1024;
export const headersMaxBytes = 64 * 1024;

const hostForm = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;
const absoluteForm = /^https?:\/\/([^/?#]*)(.*)$/is;
const tokenForm = /^[!#$%&'*+.^_`|~0-9A-Z-]+$/;
const safe: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
const mutating: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE'];
export const allowed = [...safe, ...mutating].join(', ');

export const isSafe = (method: string): boolean => safe.includes(method);

/** Whether a body follows the head. */
export const announcesBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Refuses what must not be acted on, and turns a target in absolute form into the origin form that ESC gets, its
 * authority into the Host (RFC 9112 section 3.2.2).
 * @throws GatewayError; the connection ends with it, since what follows cannot be trusted.
 */
export function checkRequest(request: IncomingMessage): void {
  const { method = '', httpVersion } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw invalid(`HTTP/${httpVersion} is not spoken here.`);
  checkTarget(request);
  checkHost(request);
  checkFraming(request);
  if (valuesOf(request.rawHeaders, 'authorization').length > 1) throw invalid('There is more than one Authorization.');
  const { expect } = request.headers;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    throw invalid(`The expectation ${expect} is not known (RFC 9110 section 10.1.1).`);
  if (!isSafe(method) && !mutating.includes(method)) throw notAllowed(method);
}

function checkTarget(request: IncomingMessage): void {
  const { url = '', method } = request;
  if (url.length > targetMaxChars) {
    throw refused('uri-too-long', `The request target is longer than ${targetMaxChars} characters.`);
  }
  const [, authority, rest = ''] = absoluteForm.exec(url) ?? [];
  if (authority !== undefined) {
    if (!hostForm.test(authority)) throw invalid('The target has no valid authority (RFC 9112 section 3.2.2).');
    request.headers.host = authority;
    // Nothing behind the authority asks, with OPTIONS, after the server as such (RFC 9112 section 3.2.4).
    if (rest === '' && method === 'OPTIONS') request.url = '*';
    else request.url = rest.startsWith('/') ? rest : `/${rest}`;
  } else if (!url.startsWith('/') && !(url === '*' && method === 'OPTIONS')) {
    throw invalid('The request target is malformed (RFC 9112 section 3.2).');
  }
  if (url.includes('#')) throw invalid('The request target has a fragment (RFC 9112 section 3.2).');
}

function checkHost({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  const hosts = valuesOf(rawHeaders, 'host');
  if (hosts.length > 1) throw invalid('There is more than one Host field (RFC 9112 section 3.2).');
  if (hosts.length === 0 && httpVersion === '1.1') throw invalid('There is no Host field (RFC 9112 section 3.2).');
  for (const host of [hosts[0] ?? '', headers.host ?? '']) {
    if (host !== '' && !hostForm.test(host)) throw invalid('The Host field is malformed (RFC 9112 section 3.2).');
  }
}

/** Of what Node's parser takes: codings that it does not undo, and chunks where HTTP has none (RFC 9112 section 6.1). */
function checkFraming({ headers, httpVersion }: IncomingMessage): void {
  const codings = headers['transfer-encoding'];
  if (codings === undefined) return;
  if (httpVersion === '1.0') throw invalid('HTTP/1.0 has no Transfer-Encoding (RFC 9112 section 6.1).');
  const names = codings.split(',').map((name) => name.trim().toLowerCase());
  if (names.length === 1 && names[0] === 'chunked') return;
  if (names.filter((name) => name === 'chunked').length > 1) throw invalid('The body is chunked more than once.');
  throw refused('not-implemented', `The transfer codings ${codings} are not undone here; only chunked is.`);
}

/**
 * How often a request may still be sent on; only OPTIONS is asked (RFC 9110 section 7.6.2: TRACE is not taken at all,
 * others may ignore it). Null: as often as it takes.
 * @throws GatewayError `invalid-request`
 */
export function forwardsMaxOf({ method, rawHeaders }: IncomingMessage): number | null {
  const [value, ...more] = method === 'OPTIONS' ? valuesOf(rawHeaders, 'max-forwards') : [];
  if (value === undefined) return null;
  if (more.length > 0 || !/^\d+$/.test(value))
    throw invalid('Max-Forwards is one whole number (RFC 9110 section 7.6.2).');
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

/** What comes round would come round again: refused, so that it ends where it began (RFC 9110 section 7.6). */
export const comeRound = (): GatewayError =>
  refused(
    'upstream-unreachable',
    'The request has been through this gateway before, as its Via says: what stands as esc.vip leads back here.',
  );

/**
 * A delivery of a gateway, this one's or another's, is for clients. One that comes to a gateway was sent round by a callback URL
 * that names it, and would be ordered or done in the name that the URL bears.
 * @throws GatewayError `callback-refused`: 4xx, so that it becomes a dead letter at once (R30).
 */
export function refuseDelivery({ headers }: Pick<IncomingMessage, 'headers'>): void {
  if (headers['northgate-delivery'] === undefined) return;
  throw refused(
    'callback-refused',
    'This is a callback that a Northgate delivers, as its Northgate-Delivery says, and here is a Northgate, not a client: the callback URL leads in a circle.',
  );
}

const refused = (code: ProblemCode, detail: string): GatewayError => new GatewayError(code, { detail, sent: 'no' });
const invalid = (detail: string): GatewayError => refused('invalid-request', detail);

export const notAllowed = (method: string): GatewayError =>
  new GatewayError('method-not-allowed', {
    detail: `${method} is not taken here.`,
    sent: 'no',
    headers: { Allow: allowed },
  });

/** What Node says of bytes that are no request: the packet, and how far in it the parser came. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** Node's own refusals, before there is a request: answered with a problem, then the connection is closed. */
export function answerParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  const problem = socket.writable ? parserProblem(error) : null;
  if (problem !== null) Conversation.on(socket).refuse(problem);
  // What follows a request that said `Connection: close` is not read; its answer may still be under way.
  else if (error.code !== 'HPE_CLOSED_CONNECTION') socket.destroy();
}

/** Null: there is nobody to tell. */
function parserProblem(error: ParserError): GatewayError | null {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return refused('headers-too-large', `Request line and header fields may have ${headersMaxBytes} bytes together.`);
    case 'HPE_INVALID_METHOD':
      return methodProblem(error);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refused('request-timeout', 'The request did not arrive in time.');
    case 'HPE_CLOSED_CONNECTION':
      return null;
    default:
      if (error.code?.startsWith('HPE_') !== true) return null;
      return invalid(`The request is not HTTP/1.1 as RFC 9112 has it: ${error.message}.`);
  }
}

/** A method that is none is malformed; one that could be is not known (RFC 9110 section 9.1). */
function methodProblem({ rawPacket, bytesParsed = 0 }: ParserError): GatewayError {
  const packet = rawPacket?.toString('latin1') ?? '';
  let at = bytesParsed;
  while (at > 0 && tokenForm.test(packet[at - 1] ?? '')) at -= 1;
  const [method = '', , version, ...more] = packet.slice(at).split('\r\n')[0]?.split(' ') ?? [];
  const isRequestLine = tokenForm.test(method) && version?.startsWith('HTTP/') === true && more.length === 0;
  if (!isRequestLine) return invalid('The request line is malformed (RFC 9112 section 3).');
  return refused('not-implemented', 'The request method is not known.');
}
