/**
 * Everything between ESC's report and the client's server but the rest of the gateway: a real journal file, the
 * callbacks' own listener, receiver and relay, and a client that answers what a test says. `restart` is another process.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { request } from 'undici';
import { Allow } from '../../src/callbacks/allow.ts';
import { Receiver } from '../../src/callbacks/receive.ts';
import { Relay, type RelayOptions } from '../../src/callbacks/relay.ts';
import { type TokenKind, Tokens } from '../../src/callbacks/token.ts';
import { Turns } from '../../src/callbacks/turns.ts';
import type { ReportWord } from '../../src/domain/reports.ts';
import type { Transaction } from '../../src/domain/transaction.ts';
import { listenCallbacks } from '../../src/http/callback-listener.ts';
import type { Listener } from '../../src/http/northbound-listener.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { packRequest } from '../../src/journal/message.ts';
import { openJournal } from '../../src/journal/open.ts';
import { Records } from '../../src/northbound/records.ts';
import { held, type Said } from '../domain/records.ts';
import { freePort } from '../support/free-port.ts';

const key = randomBytes(32);
const log = pino({ level: process.env.NORTHGATE_TEST_LOG ?? 'silent' });

export interface Heard {
  readonly url: string;
  /** Flat, as they came. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly delivery: string;
}

/** A client's callback server. `answering` may be changed at any time; false: it never answers. */
export class CallbackServer {
  readonly heard: Heard[] = [];
  answering: (heard: Heard) => number | { status: number; headers: Record<string, string> } | false = () => 200;
  readonly #server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const delivery = String(request.headers['northgate-delivery']);
      const body = Buffer.concat(chunks).toString();
      const heard = { url: request.url ?? '', headers: request.rawHeaders, body, delivery };
      this.heard.push(heard);
      const answer = this.answering(heard);
      if (answer === false) return;
      if (typeof answer === 'number') response.writeHead(answer).end();
      else response.writeHead(answer.status, answer.headers).end();
    });
  });

  /** Without a port on a free one, which stays its own while it is closed. */
  async listen(port?: number): Promise<void> {
    this.#server.listen(port ?? (await freePort()), '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get bodies(): string[] {
    return this.heard.map(({ body }) => body);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

export interface Settings {
  readonly epoch?: number;
  readonly deliverForMs?: number;
  readonly allow?: readonly string[];
  readonly isAnswerPending?: RelayOptions['isAnswerPending'];
  readonly sweepEveryMs?: number;
}

export class Relaying {
  readonly client = new CallbackServer();
  readonly words: ReportWord[] = [];
  readonly tokens = new Tokens(key);
  /** As the receiver knows it. */
  epoch = 0;
  readonly #directory: string;
  readonly #settings: Settings;
  journal!: Journal;
  records!: Records;
  relay!: Relay;
  receiver!: Receiver;
  #listener!: Listener;

  constructor(directory: string, settings: Settings) {
    this.#directory = directory;
    this.#settings = settings;
  }

  async start(): Promise<void> {
    const { epoch = 1, deliverForMs = 60_000, allow = ['127.0.0.1'], isAnswerPending = () => false } = this.#settings;
    this.journal = await openJournal({
      url: { kind: 'sqlite', path: join(this.#directory, 'northgate.db') },
      durability: { kind: 'always' },
      name: 'default',
      key,
      oldKeys: [],
      allowWeaker: false,
      plaintext: false,
    });
    await this.journal.raiseEpoch(epoch);
    this.epoch = epoch;
    this.records = new Records(this.journal, log);
    const shared = { replica: 'replica-1', records: this.records, turns: new Turns(), log, deliverForMs };
    const sweep = this.#settings.sweepEveryMs === undefined ? {} : { sweepEveryMs: this.#settings.sweepEveryMs };
    this.relay = new Relay({ ...shared, ...sweep, allow: new Allow(allow), isAnswerPending });
    await this.relay.start();
    this.receiver = new Receiver({
      lease: { untilHeld: async () => true },
      ...shared,
      tokens: this.tokens,
      currentEpoch: () => this.epoch,
      learnEpoch: async () => {
        this.epoch = await this.journal.epoch();
      },
      onReported: (transaction, word) => {
        this.words.push(word);
        this.relay.wake(transaction);
      },
    });
    const config = {
      northbound: { host: '127.0.0.1', tls: {} },
      callbacks: { port: 0 },
      limits: { connections: 100 },
    } as unknown as Parameters<typeof listenCallbacks>[0]['config'];
    const listener = await listenCallbacks({ config, receiver: this.receiver, bodyBytesMax: 10_000, log });
    if (listener === null) throw new Error('a port is configured, and nothing listens');
    this.#listener = listener;
  }

  async stop(): Promise<void> {
    await this.#listener.close();
    await this.relay.close();
    this.records.close();
    await this.journal.close();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  get url(): string {
    return this.#listener.url;
  }

  /** A deployment that ESC accepted, sent once in epoch 1, for a client that wants its reports. */
  async accepted(said: Said = {}, headers = this.callbackHeaders, body = ''): Promise<Transaction> {
    const id = randomUUID();
    const place = { lane: `deployments/${id}`, ancestors: [], resourceType: 'deployments' };
    const transaction = held({
      id,
      place,
      state: { status: 'accepted', since: 1, epoch: 1, signAt: 1, isWatched: false },
      attempts: [{ number: 1, kind: 'send', epoch: 1, node: null, at: 1, outcome: 'answered' }],
      wants: ['callback', 'events'],
      reports: [],
      endedAt: null,
      answer: { status: 200, bodyBytes: 0, at: 1, from: 'esc' },
      escTransactionId: 'known-to-the-client',
      ...said,
    });
    const created = await this.journal.create({
      transaction,
      request: packRequest({ headers, body: Buffer.from(body) }),
    });
    if (created.word !== 'created') throw new Error(`expected created, was ${created.word}`);
    return created.transaction;
  }

  get callbackHeaders(): string[] {
    return ['Callback', `http://127.0.0.1:${this.client.port}/cb?x=1`];
  }

  /** ESC reports on an attempt. @returns the HTTP status. */
  async report(transaction: Transaction, said: Report): Promise<number> {
    const { attempt = 1, kind = 'callback' } = said;
    return await this.post(this.tokens.make({ transactionId: transaction.id, attempt, kind }), said);
  }

  async post(token: string, { event, status = 200, escId = 'esc-transaction-1', body }: Report): Promise<number> {
    const answer = await request(`${this.url}/northgate/v1/callbacks/${token}`, {
      method: 'POST',
      headers: [
        ...['Content-Type', 'application/xml', 'ESC_TRANSACTION_ID', escId],
        ...['ESC-Status-Code', String(status), 'ESC-Status-Message', 'a message'],
      ],
      body: body ?? `<deployment><id>${escId}</id><event_type>${event}</event_type></deployment>`,
    });
    await answer.body.dump();
    return answer.statusCode;
  }

  async read(transaction: Transaction): Promise<Transaction> {
    const found = await this.journal.get(transaction.id);
    if (found === null) throw new Error('it is gone');
    return found;
  }

  async deliveries(transaction: Transaction): Promise<string[]> {
    return (await this.read(transaction)).reports.map(({ delivery }) => delivery.state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

export interface Report {
  readonly event: string;
  readonly status?: number;
  readonly attempt?: number;
  readonly kind?: TokenKind;
  readonly escId?: string;
  readonly body?: string;
}

export async function startRelaying(settings: Settings = {}): Promise<Relaying> {
  const relaying = new Relaying(await mkdtemp(join(tmpdir(), 'northgate-')), settings);
  await relaying.client.listen();
  await relaying.start();
  return relaying;
}
