/** What a measurement stands on: one ESC, one load, and gateways in front of that ESC, each in a process of its own. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Status } from '../src/domain/transaction.ts';
import { type RedisServer, redisSkip, startRedis } from '../test/support/redis.ts';
import { type Child, startChild } from './child.ts';
import type { EscMode } from './esc-process.ts';
import type { GatewayStart, GatewayState, Usage } from './gateway-process.ts';

export type Store = 'none' | 'sqlite' | 'redis always' | 'redis everysec';

export const stores: readonly Store[] = redisSkip === false ? ['sqlite', 'redis always'] : ['sqlite'];
export const hasRedis = redisSkip === false;

const pollMs = 2;
const untilMaxMs = 120_000;

/** Waits for a condition, never for a time. One that cannot be asked now, because the machine is busy, is asked again. */
export async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadlineAt = Date.now() + untilMaxMs;
  let cause: unknown;
  const isMet = (): Promise<boolean> =>
    condition().catch((error: unknown) => {
      cause = error;
      return false;
    });
  while (!(await isMet())) {
    if (Date.now() > deadlineAt) throw new Error(`waited ${untilMaxMs} ms in vain until ${what}`, { cause });
    await pause(pollMs);
  }
}

/** Where a journal is kept: a Redis server of its own, or a directory. */
export interface JournalPlace extends AsyncDisposable {
  readonly store: Store;
  readonly directory: string;
  readonly redis: RedisServer | null;
  /** `NORTHGATE_JOURNAL_…` variables. */
  readonly settings: Readonly<Record<string, string>>;
}

/** `redisSettings` are redis-server options. */
export async function openPlace(
  store: Store,
  redisSettings: Readonly<Record<string, string>> = {},
): Promise<JournalPlace> {
  const directory = await mkdtemp(join(tmpdir(), 'northgate-bench-'));
  const redis = await redisFor(store, redisSettings);
  return {
    store,
    directory,
    redis,
    settings: journalSettings(store, directory, redis),
    async [Symbol.asyncDispose]() {
      await redis?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface MeasuredGateway extends AsyncDisposable {
  readonly port: number;
  readonly child: Child;
  /** From the order to start to listening: journal opened, what an earlier gateway left taken up. Its code was loaded before. */
  readonly startedMs: number;
  state(): Promise<GatewayState>;
  /** The gate is shut and the journal has the new epoch. */
  untilEpochAfter(epoch: number): Promise<void>;
  /** Resolves with the instant since when ESC is ready. */
  untilReady(): Promise<number>;
  /** How many transactions of that status its journal has. */
  count(status: Status): Promise<number>;
  usage(isCollected: boolean): Promise<Usage>;
}

export class Stage implements AsyncDisposable {
  readonly esc = startChild('esc-process');
  readonly load = startChild('load-process');

  be(mode: Partial<EscMode>): Promise<void> {
    return this.esc.ask('be', mode);
  }

  /** Resolves when its gate is open; `settings` as `NORTHGATE_…` variables. Its journal's place is closed with it. */
  async startGateway(store: Store, settings: Readonly<Record<string, string>> = {}): Promise<MeasuredGateway> {
    const place = await openPlace(store);
    const gateway = await this.startGatewayAt(place, settings);
    await until(async () => (await gateway.state()).isOpen, 'the gate is open');
    return {
      ...gateway,
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]();
        await place[Symbol.asyncDispose]();
      },
    };
  }

  /** Resolves when it listens, whether ESC is ready or not; the place stays when it is closed. */
  async startGatewayAt(
    { store, settings: journal }: JournalPlace,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<MeasuredGateway> {
    const child = startChild('gateway-process', 'own', ['--expose-gc']);
    const ports = await this.esc.ask<{ rest: number; health: number }>('ports');
    // Once it answers, its code is loaded: what follows is the gateway's own start.
    await child.ask('usage', false);
    const given: GatewayStart = {
      settings: { ...settingsFor(ports), ...journal, ...settings },
      isJournaled: store !== 'none',
    };
    const beganAt = performance.now();
    const port = await child.ask<number>('start', given);
    const startedMs = performance.now() - beganAt;
    return { ...measured(child), port, startedMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.load[Symbol.asyncDispose]();
    await this.esc[Symbol.asyncDispose]();
  }
}

function measured(child: Child): Omit<MeasuredGateway, 'port' | 'startedMs'> {
  const state = (): Promise<GatewayState> => child.ask('state');
  return {
    child,
    state,
    untilEpochAfter: (epoch) => until(async () => (await state()).epoch > epoch, 'the epoch has ended'),
    async untilReady() {
      let readyAt: number | null = null;
      const isReady = async (): Promise<boolean> => {
        readyAt = (await state()).readyAt;
        return readyAt !== null;
      };
      await until(isReady, 'ESC is ready');
      return readyAt ?? Number.NaN;
    },
    count: async (status) => (await child.ask<Record<Status, number>>('counts'))[status],
    usage: (isCollected) => child.ask('usage', isCollected),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

async function redisFor(store: Store, settings: Readonly<Record<string, string>>): Promise<RedisServer | null> {
  if (!store.startsWith('redis')) return null;
  return startRedis({ appendfsync: store === 'redis everysec' ? 'everysec' : 'always', ...settings });
}

function settingsFor({ rest, health }: { rest: number; health: number }): Record<string, string> {
  return {
    NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
    NORTHGATE_NORTHBOUND_PORT: '0',
    NORTHGATE_OPS_PORT: '0',
    NORTHGATE_ESC_VIP: '127.0.0.1',
    NORTHGATE_ESC_REST_SCHEME: 'http',
    NORTHGATE_ESC_REST_PORT: String(rest),
    NORTHGATE_ESC_HEALTH_SCHEME: 'http',
    NORTHGATE_ESC_HEALTH_PORT: String(health),
    // A silent monitor must not end the epoch before the scene is set.
    NORTHGATE_ESC_HEALTH_TIMEOUT: '60s',
    NORTHGATE_ESC_HEALTH_INTERVAL: '200ms',
    NORTHGATE_DRAIN_TIMEOUT: '0s',
    // A transaction is done with its answer. The stub keeps nothing: a look at what it had accepted would find it gone and
    // end the epoch (R5), and the end of an epoch would have all of it looked at.
    NORTHGATE_POLICIES: JSON.stringify(
      ['POST', 'PUT'].map((method) => ({ method, path: '/ESCManager/v0/tenants/{tenant}', ack: 'answer' })),
    ),
  };
}

/** With a key everywhere: bodies are sealed, as they are wherever nobody turned it off. */
function journalSettings(store: Store, directory: string, redis: RedisServer | null): Record<string, string> {
  const url = redis === null ? `sqlite:${join(directory, 'northgate.db')}` : `redis://127.0.0.1:${redis.port}`;
  return {
    NORTHGATE_JOURNAL_URL: url,
    NORTHGATE_JOURNAL_KEY: randomBytes(32).toString('base64'),
    ...(store === 'redis everysec' ? { NORTHGATE_JOURNAL_DURABILITY: 'everysec' } : {}),
  };
}
