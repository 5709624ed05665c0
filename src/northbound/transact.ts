/**
 * The path of one transaction, numbered as in design section 3: body and catalogue, journal, send if it may be sent
 * at once, record the answer, answer the client. What cannot be sent at once goes to the lanes (`replay/`), what was
 * sent before joins (`join.ts`), and the client waits here, within its time.
 * Invariants: journal before send; record before answer (R23); a client is told "failed" only of what will never be done.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { waitsFor } from '../domain/lanes.ts';
import * as moves from '../domain/moves.ts';
import type { Channel, Transaction } from '../domain/transaction.ts';
import type { Catalogue } from '../esc/catalogue.ts';
import type { Creation } from '../journal/journal.ts';
import { packRequest, type RequestMessage } from '../journal/message.ts';
import { now } from '../pair/clock.ts';
import type { RequestTrace } from '../tracing/tracing.ts';
import { abandonUnsent } from './abandon.ts';
import { type Authorities, giveAnswer, givePromise } from './answer.ts';
import { type Arrival, isPastJoining, transactionOf } from './arrival.ts';
import { readBody } from './body.ts';
import { type ExpireOptions, expire } from './expire.ts';
import type { Fingerprints } from './fingerprint.ts';
import type { Followers } from './followers.ts';
import type { Holds } from './holds.ts';
import { readKey } from './idempotency-key.ts';
import { join } from './join.ts';
import type { Listeners } from './listeners.ts';
import type { PendingAnswers } from './pending-answers.ts';
import { type Patience, patienceOf, readPreferences } from './preferences.ts';
import { recordReading } from './record-reading.ts';
import { draining, holdExpired, holdFull, journalUnavailable, keyReused, unconfirmed } from './refusals.ts';
import type { Room } from './room.ts';
import type { Sender } from './sender.ts';
import type { Told } from './waiters.ts';

/** The lanes' keeper, as far as this path needs it; `replay/lanes.ts` is it. */
export interface Lanes {
  /** A held or unacknowledged transaction is sent in its turn from now on. */
  wait(transaction: Transaction): void;
  /** It is not sent from now on, unless it is being sent: then false. */
  withdraw(id: string): boolean;
  /** It waits here, and nothing of it has been sent from here. */
  isUntried(id: string): boolean;
  /** Its client was promised a result: it stays, whoever waits. */
  keep(id: string): void;
  freshBegins(lane: string): void;
  freshEnds(lane: string): void;
}

export interface TransactOptions extends ExpireOptions {
  readonly replica: string;
  readonly catalogue: Catalogue;
  readonly fingerprints: Fingerprints;
  readonly sender: Sender;
  readonly room: Room;
  readonly holds: Holds;
  readonly holdMaxMs: number;
  readonly bodyBytesMax: number;
  /** `northbound.requireKey`. */
  readonly isKeyRequired: boolean;
  readonly cancelOnDisconnect: boolean;
  /** Whether another replica may take up a record of this one: one lived when leases were last read. */
  readonly hasPeers: () => boolean;
  /** Channels that the client wants ESC's reports on. @throws GatewayError `callback-refused`. */
  readonly wantsOf: (headers: readonly string[]) => readonly Channel[];
  /** Whose HTTP answer is not handed over yet: nothing is relayed for them (R23). */
  readonly pendingAnswers: PendingAnswers;
  readonly watch: { begin(transaction: Transaction): void };
  readonly listeners: Listeners;
  readonly followers: Followers;
  /** False: the journal came back on another server, and what it lacks is being written back (R34). */
  readonly isJournalWhole: () => boolean;
}

export interface Caller {
  /** Configured name, or what R27 makes of the credentials. */
  readonly client: string;
  /** End-to-end fields as they go to ESC, credentials decided. */
  readonly headers: readonly string[];
  readonly authorities: Authorities;
  /** Absent or null: it is not traced. */
  readonly trace?: RequestTrace | null;
  /** Fires when the client's connection is gone. */
  readonly hasLeft: AbortSignal;
}

/** A client that waits for what is told of a transaction, and how it is to be told. */
export interface Client {
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly patience: Patience;
}

export class Transact {
  readonly #options: TransactOptions;

  constructor(options: TransactOptions) {
    this.#options = options;
  }

  /** @throws GatewayError for every refusal; nothing was sent then, or the error says otherwise. */
  async handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const { coordinator, records, holdMaxMs, isKeyRequired, comeback } = this.#options;
    const receivedAt = now();
    const idempotencyKey = readKey(caller.headers, isKeyRequired);
    const preferences = readPreferences(caller.headers);
    const patience = patienceOf(preferences, receivedAt, holdMaxMs);
    if (coordinator.gate().mode === 'draining') throw draining(comeback.seconds('draining'));
    if (!this.#options.isJournalWhole() || records.unconfirmed.count >= unconfirmedMax) throw this.#journalAway();

    // 1. Body and catalogue.
    const body = await readBody(request, this.#options.bodyBytesMax);
    const { method = '', url: path = '' } = request;
    const { client, headers } = caller;
    const wants = this.#options.wantsOf(headers);
    const isPromised = patience.until === receivedAt;
    const arrival = {
      method,
      path,
      headers,
      body,
      receivedAt,
      client,
      idempotencyKey,
      wants,
      isPromised,
      trace: caller.trace?.context ?? null,
    };

    // 2. The journal, and in the same write the mark if it may go at once (3). What was sent before is joined.
    const created = await this.#create(arrival);
    const waiting = { response, caller, patience };
    if (created.word === 'key-taken') {
      const joined = await join(this.#options, { arrival, holder: created.transaction, client: waiting });
      caller.trace?.concerns(joined.transaction, true);
      return this.#tellClient(joined.transaction, joined.told, waiting);
    }
    const kept = created.transaction;
    caller.trace?.concerns(kept, false);
    this.#options.pendingAnswers.add(kept, response);
    const told = this.#options.waiters.wait(kept.id, patience.until, caller.hasLeft);

    // 4. Sent now, or in its turn.
    this.#begin(kept, arrival);

    // 5. and 6. Recorded by whoever sent it; the client hears of it in its time.
    await this.#tellClient(kept, await told, waiting);
  }

  /** @throws GatewayError `hold-full`, `key-reused`, `journal-unavailable`. */
  async #create(arrival: Arrival): Promise<{ word: 'created' | 'key-taken'; transaction: Transaction }> {
    const { coordinator, records, holds, room, replica, catalogue, fingerprints, comeback, hasPeers } = this.#options;
    const awaySeconds = (): number => comeback.seconds('journal-unavailable');
    const { isOpen } = coordinator;
    const transaction = transactionOf(arrival, { replica, catalogue, fingerprints, isOpen });
    const mayGo = isOpen && room.take();
    const hasPlace = mayGo || holds.take(transaction.id, arrival.body.byteLength);
    // Who is held or answered already takes none.
    const created = hasPlace
      ? await records.create(this.#creation(transaction, arrival, mayGo), now)
      : await records.meet(transaction);
    const goes = created.word === 'created' && created.transaction.state.status === 'in-flight';
    if (mayGo && !goes) room.leave();
    if (created.word === 'created') return created;
    holds.giveBack(transaction.id);
    if (created.word === 'free') throw holdFull(comeback.seconds('hold-full'));
    if (created.word === 'unavailable') throw hasPeers() ? unconfirmed(awaySeconds()) : this.#journalAway();
    if (!fingerprints.isOf(created.transaction.fingerprint, arrival)) throw keyReused(created.transaction);
    if (!isPastJoining(created.transaction, arrival.receivedAt)) return created;
    const released = await records.journal.release(created.transaction);
    if (released !== 'released') throw this.#journalAway();
    return this.#create(arrival);
  }

  #journalAway = (): Error => journalUnavailable(this.#options.comeback.seconds('journal-unavailable'));

  #creation(transaction: Transaction, message: RequestMessage, mayGo: boolean): Creation {
    const request = packRequest(message);
    if (!mayGo) return { transaction, request };
    const { epoch, activeNode: node } = this.#options.coordinator;
    const marked = moves.marked(transaction, { epoch, node, now: now(), hasWaited: false });
    const mark = { epoch, waitsFor: waitsFor(transaction.place, transaction.method) };
    return { transaction, request, inFlight: { transaction: marked, mark } };
  }

  #begin(kept: Transaction, message: RequestMessage): void {
    const { lanes } = this.#options;
    if (kept.state.status === 'in-flight') {
      lanes.freshBegins(kept.place.lane);
      void this.#sendFresh(kept, message);
    } else {
      lanes.wait(kept);
    }
  }

  async #sendFresh(transaction: Transaction, message: RequestMessage): Promise<void> {
    const { sender, room, records, waiters, lanes } = this.#options;
    const reading = await sender.send(transaction, message);
    const recorded = await recordReading({ records, waiters }, transaction, reading);
    if (recorded !== null && moves.isToBeSent(recorded)) lanes.wait(recorded);
    else if (recorded !== null) this.#options.watch.begin(recorded);
    lanes.freshEnds(transaction.place.lane);
    room.leave();
  }

  async #tellClient(transaction: Transaction, told: Told, client: Client): Promise<void> {
    const { response, caller, patience } = client;
    const { comeback, cancelOnDisconnect, waiters, coordinator } = this.#options;
    if (coordinator.gate().mode === 'draining') response.shouldKeepAlive = false;
    switch (told.kind) {
      case 'answer':
        this.#releaseWhenGiven(transaction, response);
        giveAnswer(response, told, caller.authorities);
        return;
      case 'promise':
        // Who still waits has nothing yet, and may have to send it again.
        if (waiters.countOf(transaction.id) === 0) this.#releaseWhenGiven(transaction, response);
        givePromise(response, told.transaction, {
          retryAfterSeconds: comeback.seconds('promise', told.transaction),
          applied: patience.applied,
        });
        return;
      case 'abandoned':
        throw holdExpired(told.transaction, comeback.seconds('hold-expired'));
      case 'left':
        if (!cancelOnDisconnect) return;
        await abandonUnsent(this.#options, transaction, 'its client left before it was sent');
        return;
      case 'expired':
        await this.#tellClient(transaction, await expire(this.#options, transaction, patience), client);
    }
  }

  /** From then on an equal request is a new transaction (R26). */
  #releaseWhenGiven(transaction: Transaction, response: ServerResponse): void {
    if (transaction.twin === null) return;
    response.once('finish', () => void this.#options.records.release(transaction));
  }
}

/** While the journal is away, so many creations of unknown outcome are kept to be undone; further ones are not tried. */
const unconfirmedMax = 1000;
