// Transactions for the tests of the domain: held and new, or at the end of a row of sends with these outcomes.
import type { Attempt, State, Status, Transaction } from '../../src/domain/transaction.ts';

export type Said = Partial<Transaction>;

export const held = (said: Said = {}): Transaction => ({
  id: 't1',
  version: 1,
  sequence: 1,
  owner: 'replica-1',
  client: 'nfvo',
  method: 'POST',
  path: '/ESCManager/v0/tenants/t',
  place: { lane: '/t', ancestors: [], resourceType: 'tenants' },
  policy: {
    operation: 'createTenant',
    kind: 'create',
    ack: 'answer',
    replay: 'auto',
    completeWithinMs: 600_000,
    look: '/t',
    successStatus: 201,
  },
  idempotencyKey: null,
  twin: null,
  fingerprint: 'f'.repeat(64),
  receivedAt: 1,
  requestBytes: 5,
  state: { status: 'held', since: 1, reason: 'gate' },
  attempts: [],
  wants: [],
  joined: 0,
  reports: [],
  endedAt: null,
  answer: null,
  escTransactionId: null,
  promisedAt: null,
  ...said,
});

export type End = 'answered' | 'never-sent' | 'unknown' | 'under way';

export const attemptsOf = (...ends: End[]): Attempt[] =>
  ends.map((end, index) => ({
    number: index + 1,
    kind: 'send',
    epoch: 1,
    node: null,
    at: index,
    ...(end === 'under way' ? {} : { outcome: end }),
  }));

export function stateOf(status: Status): State {
  switch (status) {
    case 'held':
      return { status, since: 2, reason: 'lane' };
    case 'in-flight':
      return { status, since: 2, epoch: 1, attempt: 1, hasWaited: false };
    case 'accepted':
      return { status, since: 2, epoch: 1, signAt: 2, isWatched: false };
    case 'unacknowledged':
    case 'awaiting-operator':
      return { status, since: 2, reason: 'test' };
    case 'completed':
    case 'failed':
    case 'abandoned':
      return { status, settledAt: 2, reason: 'test' };
  }
}

export const inStatus = (status: Status, said: Said = {}): Transaction => held({ ...said, state: stateOf(status) });
