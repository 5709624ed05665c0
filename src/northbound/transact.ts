/**
 * The path of one transaction, numbered as in design section 3: body and catalogue, journal, send if it may be sent
 * at once, record the answer, answer the client. What cannot be sent at once goes to the lanes (`replay/`), and the
 * client waits here, within its time.
 * Invariants: journal before send; record before answer (R23); a client is told "failed" only of what will never be done.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { waitsFor } from '../domain/lanes.ts';
import * as moves from '../domain/moves.ts';
import type { Channel, Transaction } from '../domain/transaction.ts';
import type { Catalogue } from '../esc/catalogue.ts';
import type { Creation } from '../journal/journal.ts';
import { packRequest, type RequestMessage } from '../journal/message.ts';
import { now } from '../pair/clock.ts';
import { firstValue } from '../upstream/headers.ts';
import { abandonUnsent } from './abandon.ts';
import { type Authorities, giveAnswer } from './answer.ts';
import { readBody } from './body.ts';
import { type ExpireOptions, expire } from './expire.ts';
import type { Holds } from './holds.ts';
import type { PendingAnswers } from './pending-answers.ts';
import { recordReading } from './record-reading.ts';
import { draining, holdExpired, holdFull, journalUnavailable } from './refusals.ts';
import type { Sender } from './sender.ts';
import type { Told } from './waiters.ts';

/** The lanes' keeper, as far as this path needs it; `replay/lanes.ts` is it. */
export interface Lanes {
  /** A held or unacknowledged transaction is sent in its turn from now on. */
  wait(transaction: Transaction): void;
  /** It is not sent from now on, unless it is being sent: then false. */
  withdraw(id: string): boolean;
  /** Its client was promised a result: it stays, whoever waits. */
  keep(id: string): void;
  freshBegins(lane: string): void;
  freshEnds(lane: string): void;
}

export interface TransactOptions extends ExpireOptions {
  readonly replica: string;
  readonly catalogue: Catalogue;
  readonly sender: Sender;
  readonly holds: Holds;
  readonly holdMaxMs: number;
  readonly bodyBytesMax: number;
  readonly cancelOnDisconnect: boolean;
  /** Channels that the client wants ESC's reports on. @throws GatewayError `callback-refused`. */
  readonly wantsOf: (headers: readonly string[]) => readonly Channel[];
  /** Whose HTTP answer is not handed over yet: nothing is relayed for them (R23). */
  readonly pendingAnswers: PendingAnswers;
  readonly watch: { begin(transaction: Transaction): void };
}

export interface Caller {
  /** Configured name, or what R27 makes of the credentials. */
  readonly client: string;
  /** End-to-end fields as they go to ESC, credentials decided. */
  readonly headers: readonly string[];
  readonly authorities: Authorities;
  /** Fires when the client's connection is gone. */
  readonly hasLeft: AbortSignal;
}

export class Transact {
  readonly #options: TransactOptions;

  constructor(options: TransactOptions) {
    this.#options = options;
  }

  /** @throws GatewayError for every refusal; nothing was sent then, or the error says otherwise. */
  async handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const { coordinator, records, waiters, holds, lanes, holdMaxMs, pendingAnswers } = this.#options;
    const receivedAt = now();
    if (coordinator.gate().mode === 'draining') throw draining();
    if (records.unconfirmed.count >= unconfirmedMax) throw journalUnavailable();

    // 1. Body and catalogue.
    const body = await readBody(request, this.#options.bodyBytesMax);
    const message: RequestMessage = { headers: caller.headers, body };
    const transaction = this.#make(request, caller, { body, receivedAt });

    // 2. The journal, and in the same write the mark if it may go at once (3).
    const mayGo = coordinator.isOpen;
    if (!mayGo && !holds.take(transaction.id, body.byteLength)) throw holdFull();
    const creation = this.#creation(transaction, message, mayGo);
    const created = await records.journal.create(creation);
    if (created.word !== 'created') {
      holds.giveBack(transaction.id);
      void records.abandonSurely(creation, now);
      throw journalUnavailable();
    }
    const kept = created.transaction;
    pendingAnswers.add(kept, response);
    const told = waiters.wait(kept.id, receivedAt + holdMaxMs, caller.hasLeft);

    // 4. Sent now, or in its turn.
    if (kept.state.status === 'in-flight') {
      lanes.freshBegins(kept.place.lane);
      void this.#sendFresh(kept, message);
    } else {
      lanes.wait(kept);
    }

    // 5. and 6. Recorded by whoever sent it; the client hears of it in its time.
    await this.#tellClient(kept, await told, response, caller);
  }

  #make(
    request: IncomingMessage,
    caller: Caller,
    { body, receivedAt }: { body: Buffer; receivedAt: number },
  ): Transaction {
    const method = request.method ?? '';
    const path = request.url ?? '';
    const contentType = firstValue(caller.headers, 'content-type');
    const { place, policy } = this.#options.catalogue.classify({ method, path, body, contentType });
    return {
      format: 1,
      id: `${receivedAt.toString(36).padStart(9, '0')}-${randomUUID()}`,
      version: 1,
      sequence: 0,
      owner: this.#options.replica,
      client: caller.client,
      method,
      path,
      place,
      policy,
      idempotencyKey: null,
      fingerprint: createHash('sha256').update(`${method} ${path}\n`).update(body).digest('hex'),
      receivedAt,
      requestBytes: body.byteLength,
      state: { status: 'held', since: receivedAt, reason: this.#options.coordinator.isOpen ? 'lane' : 'gate' },
      attempts: [],
      wants: this.#options.wantsOf(caller.headers),
      reports: [],
      endedAt: null,
      answer: null,
      escTransactionId: null,
      promisedAt: null,
    };
  }

  #creation(transaction: Transaction, message: RequestMessage, mayGo: boolean): Creation {
    const request = packRequest(message);
    if (!mayGo) return { transaction, request };
    const { epoch, activeNode: node } = this.#options.coordinator;
    const marked = moves.marked(transaction, { epoch, node, now: transaction.receivedAt, hasWaited: false });
    const mark = { epoch, waitsFor: waitsFor(transaction.place, transaction.method) };
    return { transaction, request, inFlight: { transaction: marked, mark } };
  }

  async #sendFresh(transaction: Transaction, message: RequestMessage): Promise<void> {
    const { sender, records, waiters, lanes } = this.#options;
    const reading = await sender.send(transaction, message);
    const recorded = await recordReading({ records, waiters }, transaction, reading);
    if (recorded !== null && moves.isToBeSent(recorded)) lanes.wait(recorded);
    else if (recorded !== null) this.#options.watch.begin(recorded);
    lanes.freshEnds(transaction.place.lane);
  }

  async #tellClient(transaction: Transaction, told: Told, response: ServerResponse, caller: Caller): Promise<void> {
    switch (told.kind) {
      case 'answer':
        giveAnswer(response, told.transaction, told.answer, caller.authorities);
        return;
      case 'abandoned':
        throw holdExpired(told.transaction);
      case 'left':
        if (!this.#options.cancelOnDisconnect) return;
        await abandonUnsent(this.#options, transaction, 'its client left before it was sent');
        return;
      case 'expired':
        await expire(this.#options, transaction, response, caller.authorities);
    }
  }
}

/** While the journal is away, so many creations of unknown outcome are kept to be undone; further ones are not tried. */
const unconfirmedMax = 1000;
