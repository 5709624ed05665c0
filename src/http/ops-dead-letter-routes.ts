/** Dead letters for operators: what could not be delivered, and having it sent again (R30). */
import Type, { type Static } from 'typebox';
import type { deadLetterSchema } from '../ops/dead-letters.ts';
import type { Ops } from '../ops/ops.ts';
import { named, nullable } from '../ops/schema-kinds.ts';
import { transactionView } from '../ops/transaction-view.ts';
import { answers, bodyProblems, json } from './ops-answers.ts';
import type { TypedApp } from './typebox-types.ts';

const cursorMaxChars = 1024;
const lettersMax = 500;

export const deadLetterPageSchema = Type.Object(
  {
    items: Type.Array(named<Static<typeof deadLetterSchema>>('DeadLetter')),
    nextCursor: nullable(Type.String({ description: 'Null at the end.' })),
  },
  { $id: 'DeadLetterPage' },
);

const querySchema = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({ maxLength: cursorMaxChars, description: 'The `nextCursor` of the page before.' }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: lettersMax, default: 50 }),
  },
  { additionalProperties: false },
);

export function deadLetterRoutes(app: TypedApp, ops: Ops): void {
  const tags = ['transactions'];

  app.get(
    '/v1/dead-letters',
    {
      schema: {
        operationId: 'listDeadLetters',
        tags,
        summary: 'Callbacks that could not be delivered, newest first',
        description: 'Refused by the client, or not taken within `callbacks.deliverFor`.',
        querystring: querySchema,
        response: answers({ 200: json('One page.', named('DeadLetterPage')) }),
      },
    },
    ({ query }) => ops.deadLetters.list(query),
  );

  app.post(
    '/v1/dead-letters/:id/resend',
    {
      config: { access: 'operator' as const },
      schema: {
        operationId: 'resendDeadLetter',
        tags,
        summary: 'Try it again',
        description: 'At once, and with all of `callbacks.deliverFor` before it. Only what is a dead letter.',
        params: Type.Object({ id: Type.String({ maxLength: 255 }) }),
        response: answers(
          { 202: json('The transaction that it reports on.', named('Transaction')) },
          404,
          409,
          ...bodyProblems,
        ),
      },
    },
    async ({ params }, reply) => reply.code(202).send(transactionView(await ops.deadLetters.resend(params.id))),
  );
}
