/** What machines ask of the gateway itself: health, metrics, events, the document; and who did what. */
import Type, { type Static } from 'typebox';
import type { auditEntrySchema } from '../ops/audit.ts';
import type { Ops } from '../ops/ops.ts';
import { named, words } from '../ops/schema-kinds.ts';
import { EventStreams } from './event-stream.ts';
import { answers, json, openAnswers, text } from './ops-answers.ts';
import type { TypedApp } from './typebox-types.ts';

export const healthSchema = Type.Object(
  { status: words(['live', 'ready', 'unready']), reason: Type.String() },
  { $id: 'Health' },
);

const auditListedMax = 1000;

export function serviceRoutes(app: TypedApp, ops: Ops): void {
  const health = named<Static<typeof healthSchema>>('Health');

  app.get(
    '/livez',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'getLiveness',
        tags: ['service'],
        security: [],
        summary: 'Whether the process answers',
        response: openAnswers({ 200: json('It does.', health) }),
      },
    },
    () => ({ status: 'live', reason: '' }),
  );

  app.get(
    '/readyz',
    {
      config: { access: 'anyone' },
      schema: {
        operationId: 'getReadiness',
        tags: ['service'],
        security: [],
        summary: 'Whether the gateway should get requests',
        description: 'Unready while draining, while the journal does not answer, and before the gate first opened.',
        response: openAnswers({ 200: json('It should.', health), 503: json('It should not, and why.', health) }),
      },
    },
    async (_, reply) => {
      const reason = await ops.unreadiness();
      if (reason === null) return { status: 'ready', reason: '' };
      return reply.code(503).send({ status: 'unready', reason });
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['service'],
        summary: 'Metrics in the text format of Prometheus',
        response: answers({ 200: text('Version 0.0.4.', 'text/plain') }),
      },
    },
    async (_, reply) => {
      const { registry } = ops.metrics;
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  );

  const streams = new EventStreams(ops.events);
  app.addHook('preClose', async () => streams.close());
  app.get(
    '/v1/events',
    {
      exposeHeadRoute: false,
      schema: {
        operationId: 'watchEvents',
        tags: ['service'],
        summary: 'What changes, as server-sent events',
        description:
          'Events: `pair` (first, and at every change), `switchover`, `transaction` (each with the view of that name), and `missed` `{transactions}` where changes came too fast to be told one by one.',
        response: answers({ 200: text('Until the client or the gateway ends it.', 'text/event-stream') }, 429),
      },
    },
    (_, reply) => {
      streams.begin(reply.raw);
      reply.hijack();
    },
  );

  app.get(
    '/v1/audit',
    {
      schema: {
        operationId: 'listAudit',
        tags: ['service'],
        summary: 'Who did what, newest first',
        description: 'The newest 1000 acts since this replica started; its log has all of them.',
        querystring: Type.Object(
          { limit: Type.Integer({ minimum: 1, maximum: auditListedMax, default: 100 }) },
          { additionalProperties: false },
        ),
        response: answers({
          200: json(
            'Newest first.',
            Type.Object({ items: Type.Array(named<Static<typeof auditEntrySchema>>('AuditEntry')) }),
          ),
        }),
      },
    },
    ({ query }) => ({ items: ops.audit.newest(query.limit) }),
  );

  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'getOpsDocument',
        tags: ['service'],
        summary: 'This document',
        response: answers({
          200: json('OpenAPI 3.0.3.', Type.Unsafe<object>({ type: 'object', additionalProperties: true })),
        }),
      },
    },
    () => app.swagger(),
  );
}
