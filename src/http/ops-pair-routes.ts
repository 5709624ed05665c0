/** What operators ask of and do to the pair: its state, its switchovers, the gate by hand, a notify script's word. */
import Type, { type Static } from 'typebox';
import type { Ops } from '../ops/ops.ts';
import type { switchoverSchema } from '../ops/pair-view.ts';
import { named, words } from '../ops/schema-kinds.ts';
import type { Access } from './ops-access.ts';
import { answers, bodyProblems, json } from './ops-answers.ts';
import type { TypedApp } from './typebox-types.ts';

const listedMax = 1000;
const nameMaxChars = 255;

export const gateOrderSchema = Type.Object(
  { mode: words(['open', 'holding', 'draining']) },
  { $id: 'GateOrder', additionalProperties: false },
);

export const observationSchema = Type.Object(
  {
    node: Type.String({ minLength: 1, maxLength: nameMaxChars, description: 'Address or name, for the log.' }),
    role: words(['active', 'standby', 'unknown']),
  },
  { $id: 'Observation', additionalProperties: false },
);

export function pairRoutes(app: TypedApp, ops: Ops, access: Access): void {
  app.get(
    '/v1/pair',
    {
      schema: {
        operationId: 'getPair',
        tags: ['pair'],
        summary: 'The pair, the gate, the epoch, and how many transactions stand where',
        description: 'What this replica observes; nothing is asked of the nodes for it.',
        response: answers({ 200: json('As this replica sees it.', named('PairStatus')) }),
      },
    },
    () => ops.pair.status(),
  );

  app.get(
    '/v1/switchovers',
    {
      schema: {
        operationId: 'listSwitchovers',
        tags: ['pair'],
        summary: 'Past switchovers and the one under way, newest first',
        description:
          'Of all replicas on this journal: what ended the trust in the active node, and how long it took to recover.',
        querystring: Type.Object(
          { limit: Type.Integer({ minimum: 1, maximum: listedMax, default: 50 }) },
          { additionalProperties: false },
        ),
        response: answers({
          200: json('Newest first.', Type.Array(named<Static<typeof switchoverSchema>>('Switchover'))),
        }),
      },
    },
    (request) => ops.pair.switchovers(request.query.limit),
  );

  app.put(
    '/v1/gate',
    {
      config: { access: 'operator' },
      schema: {
        operationId: 'setGate',
        tags: ['pair'],
        summary: 'The gate by hand, for maintenance',
        description:
          '`holding` lets new requests wait, `draining` refuses them, `open` gives the gate back to what is observed of the pair.',
        body: named<Static<typeof gateOrderSchema>>('GateOrder'),
        response: answers({ 200: json('The pair after it.', named('PairStatus')) }, ...bodyProblems),
      },
    },
    (request) => {
      ops.coordinator.byHand(request.body.mode);
      return ops.pair.status();
    },
  );

  app.post(
    '/v1/observations',
    {
      config: { access: 'operator' },
      schema: {
        operationId: 'reportObservation',
        tags: ['pair'],
        summary: 'A keepalived notify script’s word: all probes ask at once',
        description: 'It decides nothing; what the probes then find does.',
        body: named<Static<typeof observationSchema>>('Observation'),
        response: answers({ 202: json('The pair as it is seen now.', named('PairStatus')) }, ...bodyProblems),
      },
    },
    async (request, reply) => {
      const { node, role } = request.body;
      ops.coordinator.badSign(`${access.of(request)?.name ?? 'somebody'} says that ${node} is ${role}`);
      reply.code(202);
      return ops.pair.status();
    },
  );
}
