/**
 * All parts of a chaos run: a real Redis that syncs every write, the simulated pair, three replicas behind a balancer,
 * and the clients in a process of their own. It starts and ends them, and keeps what was done to them.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import { freePort } from '../support/free-port.ts';
import { ownAddresses } from '../support/own-network.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { settingsFor } from '../support/world.ts';
import { Balancer } from './balancer.ts';
import type { Disturbance } from './ledgers.ts';
import { Load } from './load.ts';
import { RedisLink } from './redis-link.ts';
import { Replica } from './replica.ts';

/** Short, so that what a dead one left is soon taken up; long enough for a machine that is busy with other things. */
export const leaseMs = 2_000;

const replicaCount = 3;
/** Of service operations, which cannot be looked at: a report that was lost settles them after so long. */
const operationWithin = '15s';
const timeScale = 0.01;
/** Of the simulated pair's logs: far more than a run of an hour makes. */
const logEntriesMax = 2_000_000;

export class Stage implements AsyncDisposable {
  readonly directory: string;
  readonly redis: RedisServer;
  readonly pair: SimulatedPair;
  readonly replicas: readonly Replica[];
  readonly load: Load;
  readonly disturbances: Disturbance[] = [];
  readonly #parts: AsyncDisposableStack;

  constructor(parts: Pick<Stage, 'directory' | 'redis' | 'pair' | 'replicas' | 'load'>, stack: AsyncDisposableStack) {
    this.directory = parts.directory;
    this.redis = parts.redis;
    this.pair = parts.pair;
    this.replicas = parts.replicas;
    this.load = parts.load;
    this.#parts = stack;
  }

  /** Something begins now; it ends when `to` is set. */
  disturb(what: string, mayRepeat: boolean): Disturbance {
    const made = { from: Date.now(), to: Number.POSITIVE_INFINITY, what, mayRepeat };
    this.disturbances.push(made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }
}

export interface StageOptions {
  readonly seed: number;
  readonly clients: number;
  /** Logs of the replicas go there, and it stays; without it nothing does. */
  readonly directory?: string | undefined;
}

export async function startStage({ seed, clients, directory }: StageOptions): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const place = directory ?? (await mkdtemp(join(tmpdir(), 'northgate-chaos-')));
  await mkdir(place, { recursive: true });
  if (directory === undefined) stack.defer(() => rm(place, { recursive: true, force: true }));
  const redis = stack.use(await startRedis());
  const pair = stack.use(
    await startPair({
      ...ownAddresses(),
      timeScale,
      peerReturnMs: 20_000,
      workMs: { tenant: 5_000, network: 10_000, deployment: 30_000, operation: 10_000 },
      limits: { requestsMax: logEntriesMax, ledgerMax: logEntriesMax, loggedBodyMaxBytes: 512 },
    }),
  );
  const [balancerPort, callbackPort] = [await freePort(), await freePort()];
  const key = randomBytes(32).toString('base64');
  const replicas: Replica[] = [];
  for (let number = 1; number <= replicaCount; number += 1) {
    const [port, opsPort] = [await freePort(), await freePort()];
    const logFile = join(place, `replica-${number}.log`);
    const link = stack.adopt(new RedisLink(redis.port), (each) => each.close());
    const redisPort = await link.listen();
    const settings = { ...replicaSettings(pair, { redisPort, balancerPort, key }), ...portsOf(port, opsPort) };
    replicas.push(new Replica({ name: `replica ${number}`, port, opsPort, link, settings, leaseMs, logFile }));
  }
  stack.defer(async () => void (await Promise.all(replicas.map((each) => each.kill()))));
  const balancer = stack.adopt(new Balancer(replicas.map(({ options }) => options.port)), (each) => each.close());
  await balancer.listen(balancerPort);
  const ledgerFile = join(place, 'clients.json');
  const load = stack.use(new Load({ seed, clients, port: balancerPort, callbackPort, ledgerFile }));
  for (const replica of replicas) replica.start();
  return new Stage({ directory: place, redis, pair, replicas, load }, stack.move());
}

const portsOf = (port: number, opsPort: number): Record<string, string> => ({
  NORTHGATE_NORTHBOUND_PORT: String(port),
  NORTHGATE_OPS_PORT: String(opsPort),
});

function replicaSettings(
  pair: SimulatedPair,
  { redisPort, balancerPort, key }: { redisPort: number; balancerPort: number; key: string },
): Record<string, string> {
  const path = '/ESCManager/v0/{tenant}/deployments/service/{deployment}';
  return {
    ...settingsFor(pair, '.'),
    NORTHGATE_JOURNAL_URL: `redis://127.0.0.1:${redisPort}`,
    NORTHGATE_JOURNAL_KEY: key,
    NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
    NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${balancerPort}`,
    NORTHGATE_POLICIES: JSON.stringify([{ method: 'POST', path, completeWithin: operationWithin }]),
    NORTHGATE_HOLD_TIMEOUT: '6s',
    NORTHGATE_DRAIN_TIMEOUT: '1s',
    NORTHGATE_ESC_TIMEOUTS_RESPONSE: '4s',
    NORTHGATE_COMPLETION_ASK_AFTER: '500ms',
    NORTHGATE_REPLAY_STUCK_AFTER: '1s',
  };
}
