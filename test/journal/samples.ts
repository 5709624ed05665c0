// Transactions for the journal's tests: as few fields said as the test is about.
import { randomUUID } from 'node:crypto';
import {
  type Changes,
  type Delivery,
  moved,
  type Report,
  type State,
  type Transaction,
} from '../../src/domain/transaction.ts';
import type { Creation, Journal, MarkConditions } from '../../src/journal/journal.ts';

export interface Said {
  readonly id?: string;
  readonly lane?: string;
  readonly ancestors?: readonly string[];
  readonly resourceType?: string;
  readonly method?: string;
  readonly client?: string;
  readonly owner?: string;
  readonly key?: string;
  readonly twin?: string;
  readonly receivedAt?: number;
  readonly wants?: Transaction['wants'];
}

export function held(said: Said = {}): Transaction {
  const id = said.id ?? randomUUID();
  const lane = said.lane ?? `/tenants/${id}`;
  return {
    id,
    version: 0,
    sequence: 0,
    owner: said.owner ?? 'replica-1',
    client: said.client ?? 'nfvo',
    method: said.method ?? 'POST',
    path: '/ESCManager/v0/tenants/Größe?x=%00',
    place: { lane, ancestors: said.ancestors ?? [], resourceType: said.resourceType ?? 'tenants' },
    policy: {
      operation: 'createTenant',
      kind: 'create',
      ack: 'answer',
      replay: 'auto',
      completeWithinMs: 600_000,
      look: lane,
      successStatus: 201,
    },
    twin: said.twin ?? null,
    idempotencyKey: said.key ?? null,
    fingerprint: 'f'.repeat(64),
    receivedAt: said.receivedAt ?? 1_000_000,
    requestBytes: 5,
    state: { status: 'held', since: 1, reason: 'gate' },
    attempts: [],
    wants: said.wants ?? [],
    joined: 0,
    reports: [],
    endedAt: null,
    answer: null,
    escTransactionId: null,
    promisedAt: null,
  };
}

export const state = {
  inFlight: (epoch = 0): State => ({ status: 'in-flight', since: 2, epoch, attempt: 1, hasWaited: false }),
  held: { status: 'held', since: 3, reason: 'lane' } as State,
  unacknowledged: { status: 'unacknowledged', since: 3, reason: 'reset' } as State,
  accepted: { status: 'accepted', since: 4, epoch: 0, signAt: 4, isWatched: false } as State,
  awaitingOperator: { status: 'awaiting-operator', since: 4, reason: 'unknown' } as State,
  completed: (settledAt = 5): State => ({ status: 'completed', settledAt, reason: 'answered' }),
  abandoned: (settledAt = 5): State => ({ status: 'abandoned', settledAt, reason: 'hold-expired' }),
};

export const delivery = {
  none: { state: 'none', why: 'not wanted' } as Delivery,
  waiting: { state: 'waiting', since: 5, dueAt: 6, tries: 1, lastError: 'refused' } as Delivery,
  delivered: { state: 'delivered', at: 7, tries: 2 } as Delivery,
  dead: { state: 'dead', at: 8, tries: 3, lastError: 'the client said 400' } as Delivery,
};

/** Reports of ESC, numbered in the order of their deliveries. */
export function reports(...deliveries: Delivery[]): Report[] {
  return deliveries.map((each, at) => ({
    number: at + 1,
    at: 5,
    attempt: 1,
    channel: 'callback',
    from: 'esc',
    eventType: 'CREATE_TENANT',
    status: 'success',
    digest: 'd'.repeat(64),
    delivery: each,
  }));
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (body: Uint8Array | null): string | null => (body === null ? null : new TextDecoder().decode(body));

/** As `northbound` creates: to be sent at once if the conditions hold. */
export function toSend(transaction: Transaction, mark: MarkConditions = { epoch: 0, waitsFor: [] }): Creation {
  const inFlight = moved(transaction, state.inFlight(mark.epoch));
  return { transaction, request: bytes('hello'), inFlight: { transaction: inFlight, mark } };
}

/** Creates and gives what was kept. */
export async function kept(journal: Journal, creation: Creation | Transaction): Promise<Transaction> {
  const asked = 'transaction' in creation ? creation : { transaction: creation, request: bytes('hello') };
  const created = await journal.create(asked);
  if (created.word !== 'created') throw new Error(`expected created, was ${created.word}`, { cause: created });
  return created.transaction;
}

/** Moves and gives what was kept. */
export async function carried(journal: Journal, transaction: Transaction, ...states: State[]): Promise<Transaction> {
  let last = transaction;
  for (const each of states) {
    const replaced = await journal.replace({ transaction: moved(last, each) });
    if (replaced.word !== 'replaced') throw new Error(`expected replaced, was ${replaced.word}`, { cause: replaced });
    last = replaced.transaction;
  }
  return last;
}

/** Rewrites what is not the status and gives what was kept. */
export async function rewritten(journal: Journal, transaction: Transaction, changes: Changes): Promise<Transaction> {
  const replaced = await journal.replace({ transaction: { ...transaction, ...changes } });
  if (replaced.word !== 'replaced') throw new Error(`expected replaced, was ${replaced.word}`, { cause: replaced });
  return replaced.transaction;
}
