/**
 * A transaction as operators, the console and the CLI see it (contract section 4), made from its record. Pure.
 * Nothing of a body or of credentials is in it.
 */
import Type, { type Static } from 'typebox';
import { type Attempt, isReplayOrdered, sentOf, statuses, type Transaction } from '../domain/transaction.ts';
import { count, instant, named, nullable, toInstant, words } from './schema-kinds.ts';

export const attemptSchema = Type.Object(
  {
    number: Type.Integer({ minimum: 1 }),
    kind: words(['send', 'clean-up']),
    epoch: count('The epoch it was sent in.'),
    node: nullable(Type.String({ description: 'Own address of the node believed active then.' })),
    at: instant(),
    endedAt: Type.Optional(instant()),
    outcome: Type.Optional(words(['answered', 'never-sent', 'unknown'], 'Absent while it is under way.')),
    evidence: Type.Optional(Type.String({ description: 'The error or status that the outcome was read from.' })),
    status: Type.Optional(Type.Integer({ description: 'Of ESC’s answer.' })),
    escTransactionId: Type.Optional(Type.String()),
  },
  { $id: 'Attempt', description: 'One sending of a transaction.' },
);

export const transactionSchema = Type.Object(
  {
    id: Type.String(),
    status: words(statuses as unknown as readonly Transaction['state']['status'][]),
    client: Type.String({ description: 'Configured name, or a digest of the credentials.' }),
    method: Type.String(),
    path: Type.String({ description: 'Path and query as the client sent them.' }),
    lane: Type.String({ description: 'The resource whose transactions keep their order.' }),
    operation: nullable(Type.String({ description: 'Operation id of the catalogue; null where it knows none.' })),
    idempotencyKey: nullable(Type.String()),
    receivedAt: instant(),
    settledAt: nullable(instant()),
    attempts: Type.Array(named<Static<typeof attemptSchema>>('Attempt')),
    escTransactionId: nullable(Type.String({ description: 'The id of ESC’s first answer that the client was given.' })),
    ack: words(['answer', 'report', 'resource', 'occurrence'], 'How ESC acknowledges it.'),
    reason: nullable(Type.String({ description: 'Why it stands where it stands, in a sentence.' })),
    sent: words(['no', 'maybe', 'yes'], 'Whether ESC may have it.'),
    requestBytes: count(),
    responseStatus: nullable(Type.Integer({ description: 'Of the answer for the client, once there is one.' })),
    owner: Type.String({ description: 'The replica that looks after it.' }),
    replayOrderedAt: nullable(instant('When an operator ordered a replay that has not been sent yet.')),
  },
  { $id: 'Transaction', description: 'One mutating northbound request, journaled until settled.' },
);

export type TransactionView = Static<typeof transactionSchema>;
type AttemptView = Static<typeof attemptSchema>;

export function transactionView(transaction: Transaction): TransactionView {
  const { state, policy, place, answer, operatorReplay } = transaction;
  return {
    id: transaction.id,
    status: state.status,
    client: transaction.client,
    method: transaction.method,
    path: transaction.path,
    lane: place.lane,
    operation: policy.operation,
    idempotencyKey: transaction.idempotencyKey,
    receivedAt: toInstant(transaction.receivedAt),
    settledAt: 'settledAt' in state ? toInstant(state.settledAt) : null,
    attempts: transaction.attempts.map(attemptView),
    escTransactionId: transaction.escTransactionId,
    ack: policy.ack,
    reason: 'reason' in state ? state.reason : null,
    sent: sentOf(transaction),
    requestBytes: transaction.requestBytes,
    responseStatus: answer?.status ?? null,
    owner: transaction.owner,
    replayOrderedAt: isReplayOrdered(transaction) && operatorReplay ? toInstant(operatorReplay.at) : null,
  };
}

const attemptView = ({ at, endedAt, ...rest }: Attempt): AttemptView => ({
  ...rest,
  at: toInstant(at),
  ...(endedAt === undefined ? {} : { endedAt: toInstant(endedAt) }),
});

/** What its sender may see of it: no addresses of nodes, no evidence that names them. */
export function clientView(transaction: Transaction): Omit<TransactionView, 'owner' | 'replayOrderedAt'> {
  const { owner: _, replayOrderedAt: __, ...view } = transactionView(transaction);
  const attempts = view.attempts.map(({ evidence: _, ...attempt }) => ({ ...attempt, node: null }));
  return { ...view, attempts, reason: view.settledAt === null ? null : view.reason };
}
