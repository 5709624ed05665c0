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
import { abandonUnsent } from './abandon.ts';
import { giveAnswer, givePromise } from './answer.ts';
import { type Arrival, isPastJoining, transactionOf } from './arrival.ts';
import { readBody } from './body.ts';
import type { Caller, Client } from './client.ts';
import { type ExpireOptions, expire } from './expire.ts';
import type { Fingerprints } from './fingerprint.ts';
import type { Holds } from './holds.ts';
import { readKey } from './idempotency-key.ts';
import { type JoinOptions, join } from './join.ts';
import { patienceOf, readPreferences } from './preferences.ts';
import { recordReading } from './record-reading.ts';
import { draining, holdExpired, holdFull, journalUnavailable, keyReused, unconfirmed } from './refusals.ts';
import type { Room } from './room.ts';
import type { Sender } from './sender.ts';
import type { Told } from './waiters.ts';

export interface TransactOptions extends Omit<ExpireOptions, 'isSending'>, JoinOptions {
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
  readonly watch: { begin(transaction: Transaction): void };
  /** False: the journal came back on another server, and what it lacks is being written back (R34). */
  readonly isJournalWhole: () => boolean;
}

export class Transact {
  readonly #options: TransactOptions;
  readonly #expiring: ExpireOptions;
  /** Sent from here without having waited, until what came of it is recorded. */
  readonly #sending = new Set<string>();

  constructor(options: TransactOptions) {
    this.#options = options;
    this.#expiring = { ...options, isSending: this.isSending };
  }

  /** It is being sent from here, or what came of that is being recorded, without having waited in the lanes. */
  readonly isSending = (id: string): boolean => this.#sending.has(id);

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
    const hasJoined = created.word === 'key-taken';
    const waiting = { response, caller, patience, hasJoined };
    if (hasJoined) {
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
    this.#sending.add(transaction.id);
    const reading = await sender.send(transaction, message);
    // Held again as soon as that is recorded: it may be given up then.
    if (moves.wasNotTaken(reading)) this.#sending.delete(transaction.id);
    const recorded = await recordReading({ records, waiters }, transaction, reading);
    if (recorded !== null && moves.isToBeSent(recorded)) lanes.wait(recorded);
    else if (recorded !== null) this.#options.watch.begin(recorded);
    this.#sending.delete(transaction.id);
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
        await this.#tellClient(transaction, await expire(this.#expiring, transaction, client), client);
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
