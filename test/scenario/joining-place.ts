/**
 * A pair and a gateway that is sent the same request more than once. The journal is watched, not changed: what it said
 * to each creation tells when a copy has been recognised. A client can leave, and the gateway can be ended and begun again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { Agent, request } from 'undici';
import type { Gateway, Internals } from '../../src/app.ts';
import { knownTransactionId } from '../../src/domain/reports.ts';
import { type Status, statuses, type Transaction } from '../../src/domain/transaction.ts';
import type { Creation, Journal } from '../../src/journal/journal.ts';
import { unpackAnswer } from '../../src/journal/message.ts';
import { openJournal } from '../../src/journal/open.ts';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import type { PairOptions } from '../../src/sim/profiles.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { briefly, settingsFor, startGatewayWith, type Told } from '../support/world.ts';

export interface Asked {
  readonly method?: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request under way, whose client may leave. */
export interface Sent {
  readonly told: Promise<Told>;
  leave(): void;
}

/** What the journal said to a creation, and of which transaction: the one kept, or the one that was met. */
export interface Created {
  readonly path: string;
  readonly word: string;
  readonly id: string;
}

export interface PlaceOptions {
  readonly journal?: 'the embedded journal' | 'Redis';
  readonly pair?: PairOptions;
  readonly settings?: Readonly<Record<string, string>>;
  /** Put between the gateway and its journal, beside the watching. */
  readonly between?: (journal: Journal) => Journal;
  /** What no configuration key sets. */
  readonly internals?: Internals;
}

export class JoiningPlace {
  readonly pair: SimulatedPair;
  readonly created: Created[] = [];
  readonly #settings: Record<string, string>;
  readonly #between: (journal: Journal) => Journal;
  readonly #internals: Internals;
  readonly #agent = new Agent({ connections: null, pipelining: 1 });
  gateway!: Gateway;

  constructor(
    pair: SimulatedPair,
    settings: Record<string, string>,
    { between = (opened) => opened, internals = {} }: PlaceOptions,
  ) {
    this.pair = pair;
    this.#settings = settings;
    this.#between = between;
    this.#internals = internals;
  }

  async begin(): Promise<void> {
    const open: typeof openJournal = async (options) => this.#watched(this.#between(await openJournal(options)));
    this.gateway = await startGatewayWith(this.#settings, { open, leaseTtlMs: 600, ...this.#internals });
  }

  #watched(journal: Journal): Journal {
    const create = async (creation: Creation): ReturnType<Journal['create']> => {
      const created = await journal.create(creation);
      const id = 'transaction' in created ? created.transaction.id : '';
      this.created.push({ path: creation.transaction.path, word: created.word, id });
      return created;
    };
    return { ...journal, create };
  }

  send({ method = 'POST', path, body, headers = {} }: Asked): Sent {
    const client = new AbortController();
    const told = this.#ask(method, path, body, headers, client.signal);
    // Who waits for it says what it should be.
    told.catch(() => undefined);
    return { told, leave: () => client.abort() };
  }

  async #ask(
    method: string,
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Told> {
    const answer = await request(`${this.gateway.northbound.url}${path}`, {
      dispatcher: this.#agent,
      method: method as 'POST',
      headers: { 'content-type': 'application/xml', ...headers },
      headersTimeout: 60_000,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  get(path: string): Promise<Told> {
    return this.#ask('GET', path, undefined, {}, new AbortController().signal);
  }

  /** The answer that the journal keeps, as its clients are to get it. */
  async recorded(transaction: Transaction): Promise<Pick<Told, 'status' | 'body'> & { id: string | null }> {
    const packed = await this.gateway.journal.body(transaction.id, 'response');
    const body = packed === null ? '' : Buffer.from(unpackAnswer(packed).body).toString();
    return { status: transaction.answer?.status ?? 0, body, id: knownTransactionId(transaction) };
  }

  /** Resolves when the journal has said a word to so many creations of this path. */
  async recognised(path: string, count: number): Promise<void> {
    await until(() => this.created.filter((each) => each.path === path).length >= count, `${count} came to ${path}`);
  }

  /** Transactions of this path, oldest first. */
  async transactions(path: string): Promise<Transaction[]> {
    const newest = await this.gateway.journal.list({ limit: 1000 });
    return newest.filter((each) => each.path === path).reverse();
  }

  /** Resolves when the only transaction of this path has come to this status. */
  async isIn(path: string, status: Status): Promise<Transaction> {
    let found: Transaction | undefined;
    await until(async () => {
      found = (await this.transactions(path))[0];
      return found?.state.status === status;
    }, `${path} is ${status}`);
    return found as Transaction;
  }

  /** Begins a switchover that stays where nobody answers until `pair.proceed()`. */
  async shut(): Promise<void> {
    await this.pair.switchover('application', { stopAt: 'P1' });
    await until(() => !this.gateway.coordinator.isOpen, 'the gate is shut');
  }

  async open(): Promise<void> {
    await until(() => this.gateway.coordinator.isOpen, 'the gate is open');
  }

  async settled(): Promise<void> {
    const unsettled = statuses.filter((status) => !['completed', 'failed', 'abandoned'].includes(status));
    await until(async () => {
      const counts = await this.gateway.journal.counts();
      return unsettled.every((status) => counts[status] === 0);
    }, 'everything is settled');
  }

  /** An operator gives up what is held. */
  async cancel({ id }: Transaction): Promise<void> {
    await supertest(this.gateway.ops.url).post(`/v1/transactions/${id}/cancel`).expect(202);
  }

  /** What ESC executed of this path, its refusals included. */
  executed(path: string): number {
    return this.pair.requests.filter((each) => each.path === path && each.method !== 'GET').length;
  }

  async end(): Promise<void> {
    await this.gateway.close();
    await this.#agent.destroy();
  }
}

/** With the gate open. */
export async function startPlace(options: PlaceOptions = {}): Promise<JoiningPlace & AsyncDisposable> {
  const { journal = 'the embedded journal', settings = {} } = options;
  const redis = journal === 'Redis' ? await startRedis() : null;
  const pair = await startPair({ ...briefly, ...options.pair });
  const directory = await mkdtemp(join(tmpdir(), 'northgate-'));
  const redisSettings = {
    NORTHGATE_JOURNAL_URL: `redis://127.0.0.1:${redis?.port}`,
    NORTHGATE_JOURNAL_PLAINTEXT: 'true',
  };
  const all = { ...settingsFor(pair, directory), ...(redis === null ? {} : redisSettings), ...settings };
  const place = new JoiningPlace(pair, all, options);
  await place.begin();
  await place.open();
  return Object.assign(place, {
    [Symbol.asyncDispose]: async (): Promise<void> => {
      try {
        await place.end();
      } finally {
        await pair.close();
        await redis?.[Symbol.asyncDispose]();
        await rm(directory, { recursive: true, force: true });
      }
    },
  });
}
