/**
 * Several gateways in processes of their own, on one real Redis, in front of one simulated pair; and the journal itself,
 * to see who owns what. Everything real but the scale of time.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { readConfig, refusalText } from '../../src/config/reader.ts';
import type { Status, Transaction } from '../../src/domain/transaction.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import type { PairOptions } from '../../src/sim/profiles.ts';
import { type GatewayProcess, type ProcessOptions, startGatewayProcess } from './gateway-process.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { until } from './until.ts';
import { briefly, settingsFor, type Told, tenantXml } from './world.ts';

export interface ReplicasOptions {
  readonly pair?: PairOptions;
  readonly settings?: Readonly<Record<string, string>>;
}

export class Replicas {
  readonly pair: SimulatedPair;
  readonly redis: RedisServer;
  readonly settings: Readonly<Record<string, string>>;
  readonly journal: Journal;
  readonly #parts: AsyncDisposableStack;
  readonly #agent = new Agent({ connections: null, pipelining: 1 });

  constructor(
    { pair, redis, journal }: { pair: SimulatedPair; redis: RedisServer; journal: Journal },
    settings: Readonly<Record<string, string>>,
    parts: AsyncDisposableStack,
  ) {
    this.pair = pair;
    this.redis = redis;
    this.journal = journal;
    this.settings = settings;
    this.#parts = parts;
  }

  /** One more gateway; it is killed with the rest of the test. */
  async gateway(
    options: ProcessOptions & { settings?: Readonly<Record<string, string>> } = {},
  ): Promise<GatewayProcess> {
    return this.#parts.use(await startGatewayProcess({ ...this.settings, ...options.settings }, options));
  }

  /** Status 0: there was no answer, the connection broke. */
  async send({ url }: { readonly url: string }, method: string, path: string, said: Said = {}): Promise<Told> {
    const { body, headers = {} } = said;
    try {
      const answer = await request(`${url}${path}`, {
        dispatcher: this.#agent,
        method: method as 'GET',
        headers: { 'content-type': 'application/xml', ...headers },
        headersTimeout: 90_000,
        ...(body === undefined ? {} : { body }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
    } catch {
      return { status: 0, headers: {}, body: '' };
    }
  }

  createTenant(gateway: { readonly url: string }, id: string, headers: Record<string, string> = {}): Promise<Told> {
    return this.send(gateway, 'POST', `/ESCManager/v0/tenants/${id}`, { body: tenantXml(id), headers });
  }

  /** The newest one of this path, once there is one. */
  async record(path: string): Promise<Transaction> {
    let found: Transaction | undefined;
    await until(async () => {
      found = (await this.journal.list({ limit: 1000 })).find((each) => each.path.endsWith(path));
      return found !== undefined;
    }, `${path} is in the journal`);
    return found as Transaction;
  }

  async counted(status: Status, count: number): Promise<void> {
    await until(async () => (await this.journal.counts())[status] === count, `${count} are ${status}`);
  }

  /** Resolves when nothing is under way any more; it says what is, if that does not come. */
  async settled(): Promise<void> {
    let open: Transaction[] = [];
    try {
      await until(async () => {
        open = await this.journal.open({ afterSequence: 0, limit: 1000 });
        return open.length === 0;
      }, 'everything is settled');
    } catch (error) {
      throw new Error(JSON.stringify(open.slice(0, 3)), { cause: error });
    }
  }

  /** Begins a switchover that stays where nobody answers until `pair.proceed()`, and that all of them have noticed. */
  async shut(...gateways: readonly GatewayProcess[]): Promise<void> {
    await this.pair.switchover('dead-vm', { stopAt: 'P1' });
    for (const gateway of gateways) {
      await until(async () => (await pairSeenBy(gateway)).reason === 'switchover', 'its gate is shut');
    }
  }

  /** How often ESC executed a request of this kind, also if it refused it. */
  executed(method: string, end: string): number {
    return this.pair.requests.filter((each) => each.method === method && each.path.endsWith(end)).length;
  }

  /** How often it was made on the VIM. */
  created(id: string): number {
    return this.pair.ledger.filter((effect) => effect.id === id && effect.kind === 'created').length;
  }

  /** Names of the gateways whose lease holds. */
  async live(): Promise<string[]> {
    return (await this.journal.leases()).filter(({ isLive }) => isLive).map(({ replica }) => replica);
  }

  /** Freezes it, and resolves when its lease is over. */
  async freeze(gateway: GatewayProcess, name: string): Promise<void> {
    gateway.process.kill('SIGSTOP');
    await until(async () => !(await this.live()).includes(name), 'its lease is over');
  }

  /** Resolves when so many leases hold. */
  async leased(count: number): Promise<void> {
    await until(async () => (await this.live()).length === count, `${count} leases hold`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
    await this.#parts[Symbol.asyncDispose]();
  }
}

export interface Said {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A pair, a Redis and no gateway yet. */
export async function startReplicas({
  pair: pairOptions = {},
  settings = {},
}: ReplicasOptions = {}): Promise<Replicas> {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'northgate-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const redis = parts.use(await startRedis());
  const pair = parts.use(await startPair({ ...briefly, ...pairOptions }));
  const all = {
    ...settingsFor(pair, directory),
    NORTHGATE_JOURNAL_URL: `redis://127.0.0.1:${redis.port}`,
    NORTHGATE_JOURNAL_KEY: randomBytes(32).toString('base64'),
    NORTHGATE_DRAIN_TIMEOUT: '5s',
    ...settings,
  };
  const reading = readConfig({ environment: all });
  if ('errors' in reading) throw new Error(refusalText(reading));
  const journal = await openJournal(reading.config.journal);
  parts.defer(() => journal.close());
  return new Replicas({ pair, redis, journal }, all, parts.move());
}

interface PairSeen {
  readonly gate: string;
  readonly reason: string;
  readonly epoch: number;
  readonly replica: string;
  readonly replicas: readonly { readonly name: string; readonly isLive: boolean }[];
}

/** The pair as this gateway sees it. */
export async function pairSeenBy({ opsUrl }: GatewayProcess): Promise<PairSeen> {
  return (await (await request(`${opsUrl}/v1/pair`)).body.json()) as PairSeen;
}

/** The name under which it is in the journal. */
export const nameOf = async (gateway: GatewayProcess): Promise<string> => (await pairSeenBy(gateway)).replica;
