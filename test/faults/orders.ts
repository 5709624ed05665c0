/** What the client of a cell wants, and how it goes about it: it sends, waits in its patience, and sends again what got no answer. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Order, Try } from '../chaos/ledgers.ts';
import { isFinal } from '../chaos/orchestrator.ts';
import { type Calling, tryOnce } from '../chaos/sending.ts';
import { type Operation, operationNamed } from '../support/completion-operations.ts';
import type { Cell, Kind } from './table.ts';

const deployment =
  (bootSeconds: number) =>
  (mark: string): string =>
    `<deployment xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><name>${mark}</name><vm_group><name>g1</name>` +
    `<image>img</image><flavor>flv</flavor><bootup_time>${bootSeconds}</bootup_time></vm_group></deployment>`;

const operations: Readonly<Record<Exclude<Kind, 'GET'>, Operation>> = {
  POST: { ...operationNamed('create a deployment'), body: deployment(60) },
  PUT: { ...operationNamed('update a deployment'), body: deployment(90) },
  DELETE: operationNamed('delete a deployment'),
  STOP: operationNamed('STOP a service'),
  REBOOT: operationNamed('REBOOT a service'),
};

/** What has to be there before it: a deployment, unless it is made. */
export const needsSubject = ({ kind }: Pick<Cell, 'kind'>): boolean => kind !== 'POST';
export const subject = operations.POST;

/** A read is an order too, which the journal must know nothing of. */
export function orderOf({ mark, kind, hit, times }: Cell): Order {
  // Its outcome may stay unknown: nobody waits for `hold.timeout` to be told so.
  const prefer = kind === 'REBOOT' ? 'wait=1' : null;
  const common = { id: mark, prefer, tries: [], asked: [] };
  if (kind === 'GET') {
    return { ...common, key: null, kind: 'action', method: 'GET', path: subject.path(mark), body: undefined, ends: '' };
  }
  const operation = operations[kind];
  const { method, ends } = operation;
  // Sent again without a key is joined as a twin as long as its answer was not delivered (R26).
  const isKeyed = times === 3 || 'door' in hit || hit.way === 'there';
  return {
    ...common,
    key: isKeyed ? `key-${mark}` : null,
    kind: operation.kind,
    method,
    path: operation.path(mark),
    body: operation.body?.(mark),
    ends,
  };
}

export const isRead = ({ method }: Pick<Order, 'method'>): boolean => method === 'GET';

export interface Sending {
  readonly calling: (attempt: number) => Calling;
  /** Of each try. */
  readonly patienceMs: (attempt: number) => number;
  /** Waited for before a try that is not the first. */
  readonly again?: () => Promise<void>;
  /** An answer that is no word of the gateway: a client that knows its business takes it for none. */
  readonly isPage?: (made: Try) => boolean;
  readonly tried?: (tries: number) => Promise<void>;
}

const triesMax = 60;
const pauseMs = 100;

/** Until it has an answer or a promise, or has had enough. */
export async function follow(order: Order, { calling, patienceMs, again, tried, isPage }: Sending): Promise<void> {
  for (let number = 1; number <= triesMax; number += 1) {
    const made = await tryOnce(order, calling(number), patienceMs(number));
    order.tries.push(isPage?.(made) === true ? { at: made.at, endedAt: made.endedAt, came: 'none' } : made);
    await tried?.(number);
    const last = order.tries.at(-1);
    if (last === undefined || isEnough(order, last)) return;
    await again?.();
    await pause(pauseMs);
  }
}

/** A read that was answered at all was answered; what was not taken is worth another try. */
const isEnough = (order: Order, made: Try): boolean =>
  isFinal(made) || made.status === 202 || (isRead(order) && made.came === 'answer' && made.status !== 503);
