/** What machines ask of the gateway itself: health, metrics, events, the document; and who did what. */
import Type, { type Static } from 'typebox';
import type { auditEntrySchema } from '../ops/audit.ts';
import type { Ops } from '../ops/ops.ts';
import { named, words } from '../ops/schema-kinds.ts';
import { EventStreams } from './event-stream.ts';
import { asOpenApi31 } from './openapi-31.ts';
import { answers, json, openAnswers, text } from './ops-answers.ts';
import type { TypedApp } from './typebox-types.ts';

export const healthSchema = Type.Object(
  { status: words(['live', 'ready', 'unready']), reason: Type.String() },
  { $id: 'Health' },
);

export const auditPageSchema = Type.Object(
  { items: Type.Array(named<Static<typeof auditEntrySchema>>('AuditEntry')) },
  { $id: 'AuditPage' },
);

export const documentSchema = Type.Object(
  {},
  { $id: 'OpenApiDocument', description: 'An OpenAPI document.', additionalProperties: true },
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
        description: 'For whoever restarts it; says nothing of the pair or the journal.',
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
        description: 'Of this replica. Every name begins with `northgate_`, but for those of the process itself.',
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
          200: json('Newest first.', named<Static<typeof auditPageSchema>>('AuditPage')),
        }),
      },
    },
    ({ query }) => ({ items: ops.audit.newest(query.limit) }),
  );

  const document = json('The document.', Type.Unsafe<object>({ $ref: 'OpenApiDocument#' }));
  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'getOpsDocument',
        tags: ['service'],
        summary: 'This document',
        description: 'As OpenAPI 3.0.3, which every client generator reads. A page to browse it is at `/docs`.',
        response: answers({ 200: document }),
      },
    },
    () => app.swagger(),
  );

  app.get(
    '/openapi-3.1.json',
    {
      schema: {
        operationId: 'getOpsDocument31',
        tags: ['service'],
        summary: 'This document as OpenAPI 3.1',
        description: 'The same, made from the 3.0.3 document.',
        response: answers({ 200: document }),
      },
    },
    () => asOpenApi31(app.swagger()),
  );
}
