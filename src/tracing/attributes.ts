/**
 * What spans say, in the words of OpenTelemetry's HTTP conventions and, under `northgate.`, in ours. Pure.
 * Invariant: no query, no credentials, no header, no body; a client's callback URL is told by its host alone.
 */
import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
} from '@opentelemetry/semantic-conventions';
import type { Attempt, Report, Transaction } from '../domain/transaction.ts';

/** Methods of RFC 9110 and RFC 5789; others are told as `_OTHER`. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']);

/** Of a span: low in number, so never the path itself. */
export const nameOf = (method: string, route: string | null): string => {
  const known = methods.has(method) ? method : 'HTTP';
  return route === null ? known : `${known} ${route}`;
};

const methodOf = (method: string): string => (methods.has(method) ? method : '_OTHER');
const pathOf = (target: string): string => target.split('?', 1)[0] ?? '';

/** ESC's REST northbound at the VIP. */
export interface Place {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
}

export const requestAttributes = (method: string, target: string, scheme: string): Attributes => ({
  [ATTR_HTTP_REQUEST_METHOD]: methodOf(method),
  [ATTR_URL_PATH]: pathOf(target),
  [ATTR_URL_SCHEME]: scheme,
});

export function transactionAttributes(transaction: Transaction, route: string | null): Attributes {
  const { id, policy, place } = transaction;
  return {
    'northgate.transaction.id': id,
    'northgate.lane': place.lane,
    ...(policy.operation === null ? {} : { 'northgate.operation': policy.operation }),
    ...(route === null ? {} : { [ATTR_HTTP_ROUTE]: route }),
  };
}

/** How a transaction stands. */
export const statusAttributes = ({ state, attempts }: Transaction): Attributes => ({
  'northgate.status': state.status,
  'northgate.attempts': attempts.length,
  ...('reason' in state ? { 'northgate.reason': state.reason } : {}),
});

export function sendingAttributes(to: Place, method: string, target: string): Attributes {
  const host = to.host.includes(':') ? `[${to.host}]` : to.host;
  return {
    [ATTR_HTTP_REQUEST_METHOD]: methodOf(method),
    [ATTR_URL_FULL]: `${to.scheme}://${host}:${to.port}${pathOf(target)}`,
    [ATTR_SERVER_ADDRESS]: to.host,
    [ATTR_SERVER_PORT]: to.port,
  };
}

/** `resends`: sendings of the same transaction before this one. */
export const attemptAttributes = ({ number, kind, epoch, node }: Attempt, resends: number): Attributes => ({
  'northgate.attempt': number,
  'northgate.attempt.kind': kind,
  'northgate.epoch': epoch,
  ...(node === null ? {} : { 'northgate.node': node }),
  ...(resends === 0 ? {} : { [ATTR_HTTP_REQUEST_RESEND_COUNT]: resends }),
});

export const reportAttributes = ({ number, channel, from, eventType, attempt }: Report): Attributes => ({
  'northgate.report': number,
  'northgate.report.channel': channel,
  'northgate.report.from': from,
  'northgate.attempt': attempt,
  ...(eventType === null ? {} : { 'northgate.report.event': eventType }),
});

/** Of a client's URL, whose path and query are its own business. */
export function receiverAttributes(url: string): Attributes {
  if (!URL.canParse(url)) return {};
  const { hostname, port, protocol } = new URL(url);
  const standard = protocol === 'https:' ? 443 : 80;
  return {
    [ATTR_HTTP_REQUEST_METHOD]: 'POST',
    [ATTR_SERVER_ADDRESS]: hostname.replace(/^\[|\]$/g, ''),
    [ATTR_SERVER_PORT]: port === '' ? standard : Number(port),
  };
}

export const answerAttributes = (status: number, isError: boolean): Attributes => ({
  [ATTR_HTTP_RESPONSE_STATUS_CODE]: status,
  ...(isError ? { [ATTR_ERROR_TYPE]: String(status) } : {}),
});

export const errorAttributes = (type: string): Attributes => ({ [ATTR_ERROR_TYPE]: type });
