/**
 * A world whose callbacks go through the gateway: a pair, a gateway that ESC reports to, and an orchestrator with a
 * callback server, which counts what it is told of each of its transactions.
 */
import assert from 'node:assert/strict';
import supertest from 'supertest';
import type { Transaction } from '../../src/domain/transaction.ts';
import { isSettled } from '../../src/domain/transaction.ts';
import { escTransactionIdOf, fieldValue } from '../../src/esc/headers.ts';
import type { PairOptions } from '../../src/sim/profiles.ts';
import { CallbackServer, type Heard } from '../callbacks/relaying.ts';
import { network, type Operation, operationNamed } from './completion-operations.ts';
import { freePort } from './free-port.ts';
import { ownAddresses } from './own-network.ts';
import { until } from './until.ts';
import { startWorld, type Told, type World } from './world.ts';

export interface CompletionOptions {
  readonly pair?: PairOptions;
  readonly settings?: Readonly<Record<string, string>>;
  /** Which of the test process's own addresses the pair has (0 to 83), for worlds that live at the same time. */
  readonly place?: number;
  /** False: ESC cannot reach the gateway, which finds completion by looking alone. */
  readonly hasPublicUrl?: boolean;
}

/** What the orchestrator asked for, and what it knows of it. */
export interface Ordered {
  readonly operation: Operation;
  readonly subject: string;
  /** The last step of its callback URL. */
  readonly mark: string;
  /** The answer, when it comes. */
  readonly told: Promise<Told>;
}

/** One report as the client got it. */
export interface Got {
  readonly event: string;
  readonly status: string;
  readonly transactionId: string;
  readonly delivery: string;
}

export class CompletionWorld {
  readonly world: World;
  readonly client: CallbackServer;
  readonly hasPublicUrl: boolean;
  /** Of the client's server, also while that is down. */
  readonly #clientPort: number;
  #marks = 0;

  constructor(world: World, client: CallbackServer, hasPublicUrl: boolean) {
    this.world = world;
    this.client = client;
    this.#clientPort = client.port;
    this.hasPublicUrl = hasPublicUrl;
  }

  get pair(): World['pair'] {
    return this.world.pair;
  }

  order(operation: Operation, subject: string, headers: Record<string, string> = {}): Ordered {
    this.#marks += 1;
    const mark = `${subject}-${this.#marks}`;
    const callback = `http://127.0.0.1:${this.#clientPort}/cb/${mark}`;
    const told = this.world.send(operation.method, operation.path(subject), operation.body?.(subject), {
      Callback: callback,
      ...headers,
    });
    // Who waits for it says what it should be.
    told.catch(() => undefined);
    return { operation, subject, mark, told };
  }

  /** The record of what was ordered, once there is one. */
  async record(ordered: Ordered): Promise<Transaction> {
    const { operation, subject } = ordered;
    let found: Transaction | undefined;
    await until(async () => {
      const newest = await this.world.gateway.journal.list({ limit: 50 });
      found = newest.find(({ method, path }) => method === operation.method && path === operation.path(subject));
      return found !== undefined;
    }, `${operation.name} ${subject} is in the journal`);
    return found as Transaction;
  }

  /** Until it is settled and the client heard of it, or it awaits an operator. */
  async ended(ordered: Ordered): Promise<Transaction> {
    let { id, state } = await this.record(ordered);
    let transaction: Transaction | null = null;
    const isEnded = async (): Promise<boolean> => {
      transaction = await this.world.gateway.journal.get(id);
      if (transaction === null) return false;
      ({ state } = transaction);
      if (state.status === 'awaiting-operator') return true;
      return isSettled(state.status) && transaction.reports.every(({ delivery }) => delivery.state !== 'waiting');
    };
    try {
      await until(isEnded, 'it ended');
    } catch (error) {
      throw new Error(`${ordered.operation.name}: ${JSON.stringify(transaction)}`, { cause: error });
    }
    return transaction as unknown as Transaction;
  }

  /** Carried out whole, without a switchover. */
  async done(name: string, subject: string): Promise<Transaction> {
    const ordered = this.order(operationNamed(name), subject);
    const told = await ordered.told;
    assert.equal(Math.floor(told.status / 100), 2, `${name}: ${told.status} ${told.body}`);
    const transaction = await this.ended(ordered);
    assert.equal(transaction.state.status, 'completed', `${name}: ${JSON.stringify(transaction.state)}`);
    await until(
      () => !this.pair.resources().some((row) => row.id === subject && row.state.is === 'in-progress'),
      `${subject} rests`,
    );
    return transaction;
  }

  /** Runs `order` behind a gate that has shut by itself and stays so until what was ordered is in the journal as held. */
  async orderMeanwhile(operation: Operation, subject: string): Promise<Ordered> {
    const { coordinator, journal } = this.world.gateway;
    await until(() => !coordinator.isOpen, 'the gate is shut');
    coordinator.byHand('holding');
    const { held } = await journal.counts();
    const ordered = this.order(operation, subject);
    await until(async () => (await journal.counts()).held > held, `${operation.name} ${subject} is held`);
    coordinator.byHand('open');
    return ordered;
  }

  /** What the client was told of it, in order. */
  heard({ mark }: Ordered): Got[] {
    return this.client.heard.filter(({ url }) => url === `/cb/${mark}`).map(gotOf);
  }

  /** Reports that end it. */
  terminal(ordered: Ordered): Got[] {
    return this.heard(ordered).filter(({ event }) => event === ordered.operation.ends);
  }

  /** An operator settles it. */
  async resolve({ id }: Transaction, as: 'completed' | 'failed'): Promise<void> {
    const answer = await supertest(this.world.gateway.ops.url)
      .post(`/v1/transactions/${id}/resolve`)
      .send({ as, note: 'seen on the VIM' });
    assert.equal(answer.status, 202, answer.text);
  }

  /** ESC's state of a resource; undefined: it is not there. */
  stateOf(subject: string): string | undefined {
    return this.pair.resources().find(({ id }) => id === subject)?.state.is;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
    await this.client.close();
  }
}

const gotOf = ({ headers, body, delivery }: Heard): Got => ({
  event: /<(?:\w+:)?event_type>([^<]*)</.exec(body)?.[1] ?? '',
  status: fieldValue(headers, 'esc-status-code') ?? '',
  transactionId: escTransactionIdOf(headers) ?? '',
  delivery,
});

/** A switchover in a tenth of a second. */
const quickly: PairOptions = {
  timeScale: 0.002,
  peerReturnMs: 10_000,
  phases: { P0: 3000, P1: 40_000, P2: 2000, P3: 5000 },
};

export async function startCompletionWorld(options: CompletionOptions = {}): Promise<CompletionWorld> {
  const { pair = {}, settings = {}, place = 20, hasPublicUrl = true } = options;
  // The URL that ESC reports to must be known before the gateway listens.
  const port = await freePort();
  await using parts = new AsyncDisposableStack();
  const client = parts.adopt(new CallbackServer(), (each) => each.close());
  await client.listen();
  const world = await startWorld({
    pair: { ...quickly, ...ownAddresses(place), ...pair },
    settings: {
      NORTHGATE_NORTHBOUND_PORT: String(port),
      NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
      ...(hasPublicUrl ? { NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${port}` } : {}),
      NORTHGATE_ESC_HEALTH_INTERVAL: '30ms',
      // ESC's reports may be far apart on a busy machine: whoever looks in between is told of the end before they are.
      NORTHGATE_COMPLETION_ASK_AFTER: '5s',
      NORTHGATE_REPLAY_STUCK_AFTER: '600ms',
      NORTHGATE_REPLAY_MAX_ATTEMPTS: '2',
      ...settings,
    },
  });
  const made = parts.use(new CompletionWorld(world, client, hasPublicUrl));
  await made.done('create a network', network);
  parts.move();
  return made;
}
