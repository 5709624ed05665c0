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
import { GatewayError } from '../domain/problem.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Catalogue } from '../esc/catalogue.ts';
import type { Creation } from '../journal/journal.ts';
import { packRequest, type RequestMessage, unpackAnswer } from '../journal/message.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import { firstValue } from '../upstream/headers.ts';
import { abandonUnsent } from './abandon.ts';
import { type Authorities, giveAnswer, givePromise } from './answer.ts';
import { readBody } from './body.ts';
import type { Holds } from './holds.ts';
import { recordReading } from './record-reading.ts';
import type { Records } from './records.ts';
import type { Sender } from './sender.ts';
import type { Told, Waiters } from './waiters.ts';

/** The lanes' keeper, as far as this path needs it; `replay/lanes.ts` is it. */
export interface Lanes {
  /** A held or unacknowledged transaction is sent in its turn from now on. */
  wait(transaction: Transaction): void;
  /** It will not be sent any more. */
  forget(transaction: Transaction): void;
  freshBegins(lane: string): void;
  freshEnds(lane: string): void;
}

export interface TransactOptions {
  readonly replica: string;
  readonly catalogue: Catalogue;
  readonly coordinator: Coordinator;
  readonly records: Records;
  readonly sender: Sender;
  readonly waiters: Waiters;
  readonly holds: Holds;
  readonly lanes: Lanes;
  readonly holdMaxMs: number;
  readonly bodyBytesMax: number;
  readonly cancelOnDisconnect: boolean;
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
    const { coordinator, records, waiters, holds, lanes, holdMaxMs } = this.#options;
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
    const told = waiters.wait(kept.id, receivedAt + holdMaxMs, caller.hasLeft);

    // 4. Sent now, or in its turn.
    if (kept.state.status === 'in-flight') {
      lanes.freshBegins(kept.place.lane);
      void this.#sendFresh(kept, message);
    } else if (holds.take(kept.id, body.byteLength)) {
      lanes.wait(kept);
    } else {
      await records.change(kept, (current) => ({
        transaction: moves.abandoned(current, 'too many are held', now()),
      }));
      throw holdFull();
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
        if (this.#options.cancelOnDisconnect)
          await this.#abandonUnsent(transaction, 'its client left before it was sent');
        return;
      case 'expired':
        await this.#expired(transaction, response, caller);
    }
  }

  /** Its time ran out (R24): never sent and nobody else waits: abandoned; otherwise the gateway goes on and says so. */
  async #expired(transaction: Transaction, response: ServerResponse, caller: Caller): Promise<void> {
    const { records, coordinator } = this.#options;
    const isEnding = coordinator.gate().mode === 'draining';
    const abandoned = isEnding ? null : await this.#abandonUnsent(transaction, 'hold.timeout ran out');
    if (abandoned !== null) throw holdExpired(abandoned);
    const changed = await records.change(transaction, (current) =>
      current.promisedAt === null && !('settledAt' in current.state)
        ? { transaction: moves.promised(current, now()) }
        : null,
    );
    const current = 'transaction' in changed ? changed.transaction : transaction;
    const answer = current.answer?.from === 'esc' ? await records.journal.body(current.id, 'response') : null;
    if (answer !== null) giveAnswer(response, current, unpackAnswer(answer), caller.authorities);
    else givePromise(response, current, retryAfterSeconds);
  }

  async #abandonUnsent(transaction: Transaction, reason: string): Promise<Transaction | null> {
    const { lanes, holds, coordinator } = this.#options;
    const abandoned = await abandonUnsent(this.#options, transaction, reason);
    if (abandoned === null) return null;
    lanes.forget(abandoned);
    holds.giveBack(abandoned.id);
    coordinator.switchovers.count('abandoned');
    return abandoned;
  }
}

/** While the journal is away, so many creations of unknown outcome are kept to be undone; further ones are not tried. */
const unconfirmedMax = 1000;

/** Clients are asked to come back after this; the status resource is cheap. */
const retryAfterSeconds = 10;

const draining = (): GatewayError =>
  new GatewayError('draining', {
    detail: 'The gateway takes no new requests; send it again, here or to another one.',
    sent: 'no',
    retryAfterSeconds: 5,
  });

const holdFull = (): GatewayError =>
  new GatewayError('hold-full', {
    detail:
      'ESC is away and as many requests are held as may be; nothing of this one was kept or sent. Send it again later.',
    sent: 'no',
    retryAfterSeconds: 30,
  });

const journalUnavailable = (): GatewayError =>
  new GatewayError('journal-unavailable', {
    detail: 'The request could not be recorded, so it was not sent. Send it again.',
    sent: 'no',
    retryAfterSeconds: 5,
  });

const holdExpired = (transaction: Transaction): GatewayError =>
  new GatewayError('hold-expired', {
    detail:
      'ESC did not come back in the time that a request is held. It was never sent and never will be; send it again.',
    sent: 'no',
    transaction: transaction.id,
    retryAfterSeconds: 30,
  });
