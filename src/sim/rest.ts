// The REST northbound of the active node: one request from its bytes to its answer, in the order in which ESC would
// refuse it, store it, answer it and start its work, with the crash points and faults in between. Nothing is said once
// the node's life has ended: what the client then sees is the network's business.
import { admit, type MutatingRequest, type Operation } from './admission.ts';
import { describe } from './events.ts';
import {
  type Answer,
  acceptedAnswer,
  containerAnswer,
  documentAnswer,
  type Exchange,
  errorAnswer,
  playAfter,
  playBefore,
  send,
  wait,
} from './exchange.ts';
import type { CrashPoint, Fault } from './faults.ts';
import type { BoundedLog, ExecutedRequest } from './ledger.ts';
import type { PairSettings } from './profiles.ts';
import { type FoundRoute, findRoute } from './routes.ts';
import { settledRow, startWork, type Workplace } from './work.ts';
import { parseJson, parseXml } from './xml.ts';

export type RestContext = Workplace & {
  requests: BoundedLog<ExecutedRequest>;
  isInMaintenance: () => boolean;
};

const headersOfInterest = [
  'accept',
  'callback',
  'callback-esc-events',
  'client-transaction-id',
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
  'prefer',
  'traceparent',
  'transfer-encoding',
  'user-agent',
  'via',
  'x-forwarded-for',
];

/** Serves one request whose body is complete. `count` numbers the requests, for what alternates. */
export async function serveRest(exchange: Exchange, context: RestContext, count: number): Promise<void> {
  const { node, life } = exchange;
  const { settings } = context;
  const isRead = exchange.method === 'GET' || exchange.method === 'HEAD';
  if (node.phase === 'P2') return send(exchange, containerAnswer(settings.profiles.containerAnswer, count));
  const fault = context.faults.takeFault(exchange, ({ fault: kind }) => kind !== 'work-failure' && kind !== 'recovery');
  if (fault && (await playBefore(fault, exchange)) === 'done') return;
  const refusal = refusalAtDoor(exchange, context);
  if (refusal) return send(exchange, refusal);
  if (!isRead && settings.answerDelayAt === 'before-commit') await wait(life, settings.answerDelayMs);
  const route = findRoute(exchange.method === 'HEAD' ? 'GET' : exchange.method, exchange.path);
  if (typeof route === 'number') {
    const message = route === 404 ? 'there is nothing at this path' : 'the method is not allowed here';
    return answerExecuted(exchange, context, fault, errorAnswer(route, message));
  }
  if (isRead) return answerExecuted(exchange, context, fault, read(exchange, route, context));
  await mutate(exchange, route, fault, context);
}

/** Whether a Basic authorization is the one that is asked for; none is asked for without `auth`. */
export function isAuthorized(given: string | undefined, auth: PairSettings['auth']): boolean {
  if (!auth) return true;
  return given === `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
}

/** What is refused before the application looks at the path: credentials, maintenance, INIT. */
function refusalAtDoor({ request, method, node }: Exchange, context: RestContext): Answer | undefined {
  if (!isAuthorized(request.headers.authorization, context.settings.auth)) {
    const headers = { 'WWW-Authenticate': 'Basic realm="ESC"' };
    return { ...errorAnswer(401, 'credentials are missing or wrong'), headers };
  }
  if (context.isInMaintenance()) return errorAnswer(503, 'ESC is in maintenance mode: temporarily unavailable');
  if (node.phase === 'P3' && method !== 'GET' && method !== 'HEAD')
    return errorAnswer(503, 'ESC is initializing: temporarily unavailable');
  return undefined;
}

function read({ life, request }: Exchange, { target, parameters }: FoundRoute, { settings }: RestContext): Answer {
  const { id, tenant, network } = parameters;
  const showState = settings.profiles.resourceState === 'shown';
  const isJson = settings.profiles.json === 'allowed' && (request.headers.accept ?? '').includes('json');
  if (target.is === 'list') {
    const rows = life.store.list(target.type, tenant).filter((row) => network === undefined || row.network === network);
    return documentAnswer(`${target.type}s`, { [target.type]: rows.map((row) => describe(row, showState)) }, isJson);
  }
  const row = target.is === 'resource' ? life.store.find(target.type, parameters) : undefined;
  if (!row) return errorAnswer(404, `${id} not found`);
  return documentAnswer(row.type, describe(row, showState), isJson);
}

/** A mutating request: decide, store, answer, start the work; with a crash wherever one is ordered. */
async function mutate(
  exchange: Exchange,
  route: FoundRoute,
  fault: Fault | undefined,
  context: RestContext,
): Promise<void> {
  const { life, method, path, transaction } = exchange;
  const { settings, faults } = context;
  const request = mutatingRequest(exchange, route, settings.profiles.json === 'allowed');
  if (!request) return answerExecuted(exchange, context, fault, errorAnswer(415, 'the media type is not enabled'));
  const admission = admit(request, {
    store: life.store,
    profiles: settings.profiles,
    isBusy: (id) => life.busy.has(id),
    resourcesMax: settings.limits.resourcesMax,
  });
  if (admission.is === 'refused') {
    return answerExecuted(exchange, context, fault, errorAnswer(admission.status, admission.message));
  }
  if (admission.is === 'no-effect') {
    return answerExecuted(exchange, context, fault, acceptedAnswer(admission.resource, settings.profiles));
  }
  const { operation } = admission;
  const isCrashedAt = (point: CrashPoint): boolean => crashIfOrdered(point, exchange, operation, context);

  if (isCrashedAt('before-commit')) return;
  life.store.commit(operation.resource);
  life.busy.add(operation.resource.id);
  if (isCrashedAt('after-commit')) return void record(exchange, context, undefined);
  if (settings.answerDelayAt === 'after-commit') await wait(life, settings.answerDelayMs);
  const answer = acceptedAnswer(operation.resource, settings.profiles);
  await answerExecuted(exchange, context, fault, answer, faults.expectsCrash('after-answer', exchange));
  if (isCrashedAt('after-answer')) return;
  startWork({ operation, transaction, method, path, callback: request.callback }, life, context);
}

/** Carries an ordered crash out. Whether the node is dead from here on. */
function crashIfOrdered(point: CrashPoint, exchange: Exchange, operation: Operation, context: RestContext): boolean {
  const { life } = exchange;
  const order = life.isAlive ? context.faults.takeCrash(point, exchange) : undefined;
  const settled = settledRow(operation, { failure: undefined, recovered: undefined });
  if (order) context.crash(order, life, operation, settled);
  return !life.isAlive;
}

/** The request as admission sees it; undefined if its media type is not taken. */
function mutatingRequest(exchange: Exchange, route: FoundRoute, takesJson: boolean): MutatingRequest | undefined {
  const { request, method, body, transaction } = exchange;
  const { headers } = request;
  const isJson = (headers['content-type'] ?? '').includes('json');
  if (isJson && !takesJson) return undefined;
  const only = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
  return {
    method,
    route,
    body: isJson ? parseJson(body) : parseXml(body),
    rawBody: body,
    callback: only(headers.callback),
    eventsUrl: only(headers['callback-esc-events']),
    transaction,
  };
}

/** Answers a request that was executed, unless a fault spoils the answer. */
async function answerExecuted(
  exchange: Exchange,
  context: RestContext,
  fault: Fault | undefined,
  answer: Answer,
  isAwaited = false,
): Promise<void> {
  record(exchange, context, answer.status);
  const header = context.settings.profiles.transactionHeader;
  const full: Answer = { ...answer, headers: { [header]: exchange.transaction, ...answer.headers } };
  if (fault && (await playAfter(fault, exchange, full)) === 'done') return;
  await send(exchange, full, isAwaited);
}

function record(exchange: Exchange, { requests, settings }: RestContext, status: number | undefined): void {
  const { request, life, method, path, body, transaction } = exchange;
  const headers: Record<string, string> = {};
  for (const name of headersOfInterest) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = String(value);
  }
  const kept = body.slice(0, settings.limits.loggedBodyMaxBytes);
  requests.add({ at: Date.now(), node: life.node, method, path, headers, body: kept, transaction, status });
}
