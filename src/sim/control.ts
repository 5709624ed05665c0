// Orders to a pair in another process, over HTTP on 127.0.0.1; JSON in and out, no authentication, for tests only.
//   POST /switchover {cause, ...options}   POST /proceed   POST /failback   POST /peer-back   POST /ready (waits)
//   POST /maintenance {on}   POST /split-brain {on}   POST /path {cut}   POST /freeze {node}   POST /thaw {node}
//   POST /crash {point, match?, cause?, leftover?}   POST /inject {fault, match?, times?, ...}   POST /clear-faults
//   POST /health {statusCode, stage} | {override: "silent" | "junk" | null}   POST /recover {deployment, group}
//   GET /state   GET /ledger   GET /requests   GET /resources
// 200 with the answer, 400 with {error} for an order that makes no sense, 404 for one that is not known.
import { createServer, type IncomingMessage } from 'node:http';
import { readBody } from './exchange.ts';
import { type CrashPoint, crashPoints, type Injection, type Leftover, type Match } from './faults.ts';
import type { SimulatedPair } from './pair.ts';
import { type Cause, causes } from './takeover.ts';

const orderMaxBytes = 65_536;

type Order = Record<string, unknown>;
type Action = (pair: SimulatedPair, order: Order) => unknown;

const faultKinds = ['status', 'reset', 'close', 'delay', 'hang', 'cut', 'junk', 'work-failure', 'recovery'];

const actions: Readonly<Record<string, Action>> = {
  'GET /state': (pair) => pair.state(),
  'GET /ledger': (pair) => pair.ledger,
  'GET /requests': (pair) => pair.requests,
  'GET /resources': (pair) => pair.resources(),
  'POST /switchover': (pair, { cause = 'planned', ...options }) =>
    pair.switchover(oneOf('cause', cause, Object.keys(causes)) as Cause, options),
  'POST /proceed': (pair) => pair.proceed(),
  'POST /failback': (pair) => pair.failback(),
  'POST /peer-back': (pair) => pair.bringPeerBack(),
  'POST /ready': (pair) => pair.ready(),
  'POST /maintenance': (pair, { on }) => pair.maintenance(flag('on', on)),
  'POST /split-brain': (pair, { on }) => pair.splitBrain(flag('on', on)),
  'POST /path': (pair, { cut }) => (flag('cut', cut) ? pair.cutPath() : pair.healPath()),
  'POST /freeze': (pair, { node }) => pair.freeze(oneOf('node', node, pair.nodes)),
  'POST /thaw': (pair, { node }) => pair.thaw(oneOf('node', node, pair.nodes)),
  'POST /crash': (pair, { point, match, cause, leftover }) =>
    pair.crashAt(oneOf('point', point, crashPoints) as CrashPoint, match as Match | undefined, {
      ...(cause === undefined ? {} : { cause: oneOf('cause', cause, Object.keys(causes)) as Cause }),
      ...(leftover === undefined
        ? {}
        : { leftover: oneOf('leftover', leftover, ['absent', 'active', 'stuck', 'error']) as Leftover }),
    }),
  'POST /inject': (pair, order) => {
    oneOf('fault', order.fault, faultKinds);
    pair.inject(order as Injection);
  },
  'POST /clear-faults': (pair) => pair.clearFaults(),
  'POST /health': (pair, { override, statusCode, stage }) => {
    if (override === 'silent' || override === 'junk') return pair.overrideHealth(override);
    if (typeof statusCode !== 'number') return pair.overrideHealth(undefined);
    pair.overrideHealth({ statusCode, stage: stage === 'READY' || stage === 'INIT' ? stage : undefined });
  },
  'POST /recover': (pair, { deployment, group }) => pair.recoverMachine(String(deployment), String(group)),
};

/** Listens for orders on 127.0.0.1; port 0 takes a free one. */
export async function startControl(
  pair: SimulatedPair,
  port: number,
): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void obey(pair, request).then(({ status, body }) => {
      const text = JSON.stringify(body ?? {});
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return { port: typeof address === 'object' && address ? address.port : port, close };
}

async function obey(pair: SimulatedPair, request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  const action = actions[`${request.method} ${request.url}`];
  if (!action) return { status: 404, body: { error: `${request.method} ${request.url} is not an order` } };
  const text = await readBody(request, orderMaxBytes);
  try {
    const order: unknown = JSON.parse(text === '' ? '{}' : text);
    if (typeof order !== 'object' || order === null) throw new Error('an order is a JSON object');
    return { status: 200, body: await action(pair, order as Order) };
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

function oneOf<Choice extends string>(name: string, value: unknown, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new Error(`${name} must be one of ${choices.join(', ')}`);
  return found;
}

function flag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Error(`${name} must be true or false`);
  return value;
}
