/** The journal for operators: find, show, the recorded bytes, and the three acts of R2. */
import Type, { type Static } from 'typebox';
import { statuses, type Transaction } from '../domain/transaction.ts';
import type { Ops } from '../ops/ops.ts';
import { instant, named, nullable, words } from '../ops/schema-kinds.ts';
import { type transactionSchema, transactionView } from '../ops/transaction-view.ts';
import { listItemsMax, type TransactionFilter } from '../ops/transactions.ts';
import type { Access } from './ops-access.ts';
import { answers, bodyProblems, json, text } from './ops-answers.ts';
import type { TypedApp } from './typebox-types.ts';

const filterMaxChars = 1024;
const noteMaxChars = 1000;

const filterText = (description: string) => Type.Optional(Type.String({ maxLength: filterMaxChars, description }));

const querySchema = Type.Object(
  {
    status: Type.Optional(words(statuses as unknown as readonly Transaction['state']['status'][])),
    lane: filterText('The whole lane.'),
    client: filterText('The whole name.'),
    method: filterText('Such as POST.'),
    path: filterText('The path begins with it.'),
    q: filterText('Found in id, client, path, lane, key, ESC’s id or reason; letters in any case.'),
    since: Type.Optional(instant('Received then or later.')),
    until: Type.Optional(instant('Received before then.')),
    cursor: filterText('The `nextCursor` of the page before.'),
    limit: Type.Integer({ minimum: 1, maximum: listItemsMax, default: 50 }),
  },
  { additionalProperties: false },
);

export const pageSchema = Type.Object(
  {
    items: Type.Array(named<Static<typeof transactionSchema>>('Transaction')),
    nextCursor: nullable(
      Type.String({
        description: 'Null at the end. A short page may have one: so much was read without finding more.',
      }),
    ),
  },
  { $id: 'TransactionPage' },
);

const idSchema = Type.Object({ id: Type.String({ maxLength: 255 }) });

export const resolutionSchema = Type.Object(
  {
    as: words(['completed', 'failed']),
    note: Type.String({
      minLength: 1,
      maxLength: noteMaxChars,
      description: 'How it was found out; kept as the reason.',
    }),
  },
  { $id: 'Resolution', additionalProperties: false },
);

export function transactionRoutes(app: TypedApp, ops: Ops, access: Access): void {
  const one = json('The transaction.', named('Transaction'));
  const tags = ['transactions'];

  app.get(
    '/v1/transactions',
    {
      schema: {
        operationId: 'listTransactions',
        tags,
        summary: 'Transactions, newest first',
        description: 'A page of those that every filter given lets through.',
        querystring: querySchema,
        response: answers({ 200: json('One page.', named('TransactionPage')) }),
      },
    },
    ({ query: { since, until, ...rest } }) =>
      ops.transactions.list({
        ...(rest as TransactionFilter),
        ...(since === undefined ? {} : { since: Date.parse(since) }),
        ...(until === undefined ? {} : { until: Date.parse(until) }),
      }),
  );

  app.get(
    '/v1/transactions/:id',
    {
      schema: {
        operationId: 'getTransaction',
        tags,
        summary: 'One transaction with its attempts',
        description: 'Settled ones are kept for `journal.retention`.',
        params: idSchema,
        response: answers({ 200: one }, 404),
      },
    },
    async ({ params }) => transactionView(await ops.transactions.get(params.id)),
  );

  for (const which of ['request', 'response'] as const) {
    app.get(
      `/v1/transactions/:id/${which}`,
      {
        schema: {
          operationId: which === 'request' ? 'getRecordedRequest' : 'getRecordedResponse',
          tags,
          summary: which === 'request' ? 'The request as it goes to ESC' : 'ESC’s recorded answer',
          description:
            'As text of HTTP/1.1. Values of Authorization, Proxy-Authorization, Cookie, Set-Cookie and Authentication-Info are `***`; the body is byte for byte.',
          params: idSchema,
          response: answers({ 200: text('The recorded bytes.', 'message/http') }, 404),
        },
      },
      async ({ params }, reply) => reply.type('message/http').send(await ops.transactions[which](params.id)),
    );
  }

  const act = (operationId: string, summary: string, description: string) => ({
    config: { access: 'operator' as const },
    schema: {
      operationId,
      tags,
      summary,
      description,
      params: idSchema,
      response: answers({ 202: one }, 404, 409, ...bodyProblems),
    },
  });

  app.post(
    '/v1/transactions/:id/replay',
    act(
      'replayTransaction',
      'Send it once more',
      'What is unacknowledged or awaits an operator; whatever its policy says, in its lane’s order, after a look where ESC can be asked.',
    ),
    async (request, reply) => {
      const transaction = await ops.acts.replay(request.params.id, nameOf(request, access));
      return reply.code(202).send(transactionView(transaction));
    },
  );

  app.post(
    '/v1/transactions/:id/cancel',
    act('cancelTransaction', 'Never send it', 'What is held. It ends as abandoned.'),
    async (request, reply) => {
      const transaction = await ops.acts.cancel(request.params.id, nameOf(request, access));
      return reply.code(202).send(transactionView(transaction));
    },
  );

  const resolve = act(
    'resolveTransaction',
    'Settle it by what a person found out',
    'What is accepted, unacknowledged or awaits an operator.',
  );
  app.post(
    '/v1/transactions/:id/resolve',
    { ...resolve, schema: { ...resolve.schema, body: named<Static<typeof resolutionSchema>>('Resolution') } },
    async (request, reply) => {
      const transaction = await ops.acts.resolve(request.params.id, request.body, nameOf(request, access));
      return reply.code(202).send(transactionView(transaction));
    },
  );
}

const nameOf = (request: Parameters<Access['of']>[0], access: Access): string => access.of(request)?.name ?? 'somebody';
