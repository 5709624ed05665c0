/**
 * A transaction as operators, the console and the CLI see it (contract section 4), made from its record. Pure.
 * Nothing of a body or of credentials is in it.
 */
import Type, { type Static } from 'typebox';
import { deliveryId } from '../callbacks/relay.ts';
import {
  type Attempt,
  type Delivery,
  isReplayOrdered,
  type Report,
  sentOf,
  statuses,
  type Transaction,
} from '../domain/transaction.ts';
import { count, instant, named, nullable, toInstant, words } from './schema-kinds.ts';
import { maskedTarget } from './secrets.ts';

export const callbackSchema = Type.Object(
  {
    id: Type.String({ description: 'What the client is given as Northgate-Delivery on every try.' }),
    at: instant('When ESC reported it, or it was made up.'),
    channel: words(['callback', 'events'], 'The client’s Callback, or its Callback-ESC-Events.'),
    from: words(['esc', 'made-up'], 'ESC’s own report, or one made up in its form.'),
    eventType: nullable(Type.String({ description: 'Such as SERVICE_ALIVE; null where ESC said none.' })),
    status: nullable(words(['success', 'failure'])),
    delivery: words(['none', 'waiting', 'delivered', 'dead'], 'What became of it on its way to the client.'),
    tries: count('How often it was tried.'),
    dueAt: Type.Optional(instant('When it is tried next, while it waits.')),
    endedAt: Type.Optional(instant('When the client took it, or it was given up.')),
    evidence: Type.Optional(Type.String({ description: 'Why it is not relayed, or what the last try ended with.' })),
  },
  { $id: 'Callback', description: 'A report on a transaction, and what became of it on its way to the client.' },
);

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
    callbacks: Type.Array(named<Static<typeof callbackSchema>>('Callback'), {
      description: 'Reports on it, in the order of their coming, which is the order of their delivery.',
    }),
  },
  { $id: 'Attempt', description: 'One sending of a transaction.' },
);

export const transactionSchema = Type.Object(
  {
    id: Type.String(),
    status: words(statuses as unknown as readonly Transaction['state']['status'][]),
    client: Type.String({ description: 'Configured name, or a digest of the credentials.' }),
    method: Type.String(),
    path: Type.String({
      description: 'Path and query as the client sent them; what is a secret by its name is masked.',
    }),
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
type CallbackView = Static<typeof callbackSchema>;

export function transactionView(transaction: Transaction): TransactionView {
  const { state, policy, place, answer, operatorReplay } = transaction;
  return {
    id: transaction.id,
    status: state.status,
    client: transaction.client,
    method: transaction.method,
    path: maskedTarget(transaction.path),
    lane: place.lane,
    operation: policy.operation,
    idempotencyKey: transaction.idempotencyKey,
    receivedAt: toInstant(transaction.receivedAt),
    settledAt: 'settledAt' in state ? toInstant(state.settledAt) : null,
    attempts: transaction.attempts.map((attempt) => attemptView(attempt, transaction)),
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

const attemptView = ({ at, endedAt, ...rest }: Attempt, { id, reports }: Transaction): AttemptView => ({
  ...rest,
  at: toInstant(at),
  ...(endedAt === undefined ? {} : { endedAt: toInstant(endedAt) }),
  callbacks: reports.filter(({ attempt }) => attempt === rest.number).map((report) => callbackView(id, report)),
});

const callbackView = (
  id: string,
  { number, at, channel, from, eventType, status, delivery }: Report,
): CallbackView => ({
  id: deliveryId(id, number),
  at: toInstant(at),
  channel,
  from,
  eventType,
  status,
  ...deliveryView(delivery),
});

function deliveryView(delivery: Delivery): Pick<CallbackView, 'delivery' | 'tries' | 'dueAt' | 'endedAt' | 'evidence'> {
  switch (delivery.state) {
    case 'none':
      return { delivery: 'none', tries: 0, evidence: delivery.why };
    case 'waiting': {
      const { dueAt, tries, lastError } = delivery;
      const evidence = lastError === null ? {} : { evidence: lastError };
      return { delivery: 'waiting', tries, dueAt: toInstant(dueAt), ...evidence };
    }
    case 'delivered':
      return { delivery: 'delivered', tries: delivery.tries, endedAt: toInstant(delivery.at) };
    case 'dead':
      return { delivery: 'dead', tries: delivery.tries, endedAt: toInstant(delivery.at), evidence: delivery.lastError };
  }
}

/** `TransactionView` without what is the operators' business. */
type ClientView = Omit<TransactionView, 'owner' | 'replayOrderedAt' | 'attempts'> & {
  readonly attempts: Omit<AttemptView, 'evidence' | 'callbacks'>[];
};

/** What its sender may see of it: no addresses of nodes, no evidence that names them or tells of the gateway's network. */
export function clientView(transaction: Transaction): ClientView {
  const { owner: _, replayOrderedAt: __, ...view } = transactionView(transaction);
  const attempts = view.attempts.map(({ evidence: _, callbacks: __, ...attempt }) => ({ ...attempt, node: null }));
  return { ...view, attempts, reason: view.settledAt === null ? null : view.reason };
}
