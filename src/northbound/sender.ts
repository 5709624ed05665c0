/**
 * One attempt of a transaction that is marked in flight: sends it and says what came of it, R11 and R12 applied.
 * It records nothing; who asked records the reading and only then tells anybody.
 */
import { type Answer, isDoubtful } from '../domain/outcome.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { RequestMessage } from '../journal/message.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import type { Lease } from '../pair/lease.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { firstValue } from '../upstream/headers.ts';
import type { Upstream, UpstreamRequest } from '../upstream/upstream.ts';
import type { Room } from './room.ts';
import { UnderWay } from './under-way.ts';

export type Reading =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'never-sent'; readonly evidence: string }
  | { readonly kind: 'unknown'; readonly evidence: string }
  /** A 503 under READY: it was refused, and the gate holds (R12). */
  | { readonly kind: 'maintenance' };

export interface SenderOptions {
  readonly upstream: Upstream;
  readonly coordinator: Coordinator;
  readonly lease: Pick<Lease, 'holds' | 'markMaxMs'>;
  /** Learns from attempts how fast ESC is. */
  readonly room: Pick<Room, 'begun'>;
  readonly responseTimeoutMs: number;
  /** The request of an attempt as it goes to ESC, with the URLs that it reports to. */
  readonly outgoing: (transaction: Transaction, message: RequestMessage) => RequestMessage;
  /** How long a doubtful answer may wait for the probe that decides it. */
  readonly confirmTimeoutMs: number;
  /** Absent or null: nothing is traced. */
  readonly tracing?: Tracing | null;
}

export class Sender {
  readonly #options: SenderOptions;
  /** Attempts of transactions that are on their way to ESC. */
  readonly underWay = new UnderWay();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends the attempt that `transaction` is marked for, unless it must not be sent any more. */
  send(transaction: Transaction, message: RequestMessage): Promise<Reading> {
    const { method, path } = transaction;
    const { headers, body } = this.#options.outgoing(transaction, message);
    return this.attempt(transaction, { method, path, headers, body });
  }

  /** The same with a request of another kind than its own: a clean-up. */
  async attempt(transaction: Transaction, request: UpstreamRequest): Promise<Reading> {
    const { state } = transaction;
    if (state.status !== 'in-flight') throw new Error(`defect: ${transaction.id} is sent without being in flight`);
    const { epoch, since } = state;
    const obstacle = (): string | null => this.#obstacle(epoch, since);
    const known = obstacle();
    if (known !== null) return { kind: 'never-sent', evidence: known };
    let ended = (): void => undefined;
    const begins = (): string | null => {
      const why = obstacle();
      if (why === null) ended = this.#options.room.begun();
      return why;
    };
    const traced = this.#options.tracing?.attempt(transaction, request) ?? null;
    const sent = traced === null ? request : { ...request, headers: traced.headers };
    const reading = this.#trusted(await this.underWay.track(() => this.exchange(sent, epoch, begins)), epoch);
    ended();
    traced?.ended(reading);
    return reading;
  }

  /** A look at what a transaction came to. */
  async look(transaction: Transaction, request: UpstreamRequest, epoch: number): Promise<Reading> {
    const traced = this.#options.tracing?.look(transaction, request) ?? null;
    const reading = await this.exchange(traced === null ? request : { ...request, headers: traced.headers }, epoch);
    traced?.ended(reading);
    if (reading.kind !== 'answered' || (await this.#options.coordinator.confirmServing(now(), epoch))) return reading;
    return {
      kind: 'unknown',
      evidence: 'the node that serves did not say READY after it: another one may have answered',
    };
  }

  /** An answer that comes when it may not count any more is only evidence. */
  #trusted(reading: Reading, epoch: number): Reading {
    const { coordinator } = this.#options;
    // A node that has lost the role may still answer; what it did may be thrown away (R13). Who only lost its lease keeps
    // the answer (R35): it is recorded if the journal has no later epoch and no other owner of it.
    const isEnded = coordinator.epoch !== epoch;
    if (reading.kind !== 'answered' || !(isEnded || coordinator.state.isWaking)) return reading;
    const when = isEnded ? 'the epoch had ended' : 'this gateway had been asleep';
    return { kind: 'unknown', evidence: `ESC answered ${reading.answer.status} when ${when}` };
  }

  /** Why an attempt marked at `markedAt` must not begin (R32); null: it may. */
  #obstacle(epoch: number, markedAt: number): string | null {
    const { coordinator, lease } = this.#options;
    if (coordinator.epoch !== epoch) return 'its epoch ended before it was sent';
    if (!lease.holds) return 'this gateway had lost its lease before it was sent';
    return now() - markedAt > lease.markMaxMs ? 'it was marked too long before it could be sent' : null;
  }

  /**
   * The same for a request that is no transaction: a look. Its answer is collected. `obstacle` is asked again when a socket
   * is there: with all of them busy that may be long after the mark.
   */
  async exchange(request: UpstreamRequest, epoch: number, obstacle = (): string | null => null): Promise<Reading> {
    const { upstream, responseTimeoutMs } = this.#options;
    const fetched = await upstream.send(request, { deadlineMs: responseTimeoutMs, obstacle });
    if (fetched.kind === 'streamed') throw new Error('defect: a collected answer was streamed');
    if (fetched.kind !== 'answered') return fetched;
    return this.confirm(fetched.answer, epoch);
  }

  /** R12: a doubtful answer counts only when a probe sent after it says READY in the same epoch. */
  async confirm(answer: Answer, epoch: number): Promise<Reading> {
    const contentType = firstValue(answer.headers, 'content-type');
    if (!isDoubtful({ status: answer.status, contentType, bodyBytes: answer.body.byteLength })) {
      return { kind: 'answered', answer };
    }
    const { coordinator, confirmTimeoutMs } = this.#options;
    const confirmed = await coordinator.confirmReady(now(), epoch, confirmTimeoutMs);
    if (confirmed === 'ended') {
      return { kind: 'unknown', evidence: `ESC answered ${answer.status} and was not ready after it` };
    }
    if (answer.status !== 503) return { kind: 'answered', answer };
    coordinator.maintenance(true);
    return { kind: 'maintenance' };
  }
}
