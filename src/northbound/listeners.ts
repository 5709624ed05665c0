/**
 * Further Callback URLs of one transaction: a request that joins may name another one than the first did, and each gets
 * the completion once (R26). The URLs are sealed beside the record, whose count of them makes two writers notice each other.
 */
import { joinedByUrl, joinedUrlsMax } from '../domain/completion-reports.ts';
import { takenIfIdle } from '../domain/deliveries.ts';
import { GatewayError } from '../domain/problem.ts';
import type { Transaction } from '../domain/transaction.ts';
import { callbackUrls } from '../esc/callback-headers.ts';
import { packUrls, unpackRequest, unpackUrls } from '../journal/message.ts';
import { now } from '../pair/clock.ts';
import type { Arrival } from './arrival.ts';
import { actionOf, withMadeUpReport } from './made-up.ts';
import type { Move, Records } from './records.ts';

export interface ListenersOptions {
  readonly replica: string;
  readonly records: Records;
  /** The same as receiver's and relay's: one writer at a time for each transaction. */
  readonly turns: { run<Result>(id: string, work: () => Promise<Result>): Promise<Result> };
  /** Tells the relay that there is something to deliver. */
  readonly wake: (transaction: Transaction) => void;
}

/** Other replicas may add to the same transaction at the same time. */
const triesMax = 20;

export class Listeners {
  readonly #options: ListenersOptions;

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  /** @throws GatewayError `callback-refused` for one too many, `journal-unavailable`. */
  async add(holder: Transaction, { wants, headers }: Arrival): Promise<void> {
    const { callback } = callbackUrls(headers);
    if (callback === null || !wants.includes('callback')) return;
    await this.#options.turns.run(holder.id, async () => {
      for (let tries = 0; tries < triesMax; tries += 1) if ((await this.#try(holder.id, callback)) === 'done') return;
      throw notRecorded(holder.id);
    });
  }

  async #try(id: string, url: string): Promise<'done' | 'again'> {
    const { records, replica, wake } = this.#options;
    const { transaction, urls, original } = await this.#read(id);
    if (url === original || urls.includes(url)) return 'done';
    if (urls.length >= joinedUrlsMax) throw tooMany(transaction);
    const action = await actionOf(records, transaction);
    const changed = await records.change(transaction, (current) => {
      if (current.joined !== urls.length) return null;
      const move = moveOf(takenIfIdle(current, replica), action);
      return { ...move, bodies: { ...move.bodies, joined: packUrls([...urls, url]) } };
    });
    if (changed.word === 'unavailable') throw notRecorded(id);
    if (changed.word !== 'changed') return 'again';
    wake(changed.transaction);
    return 'done';
  }

  async #read(id: string): Promise<{ transaction: Transaction; urls: string[]; original: string | null }> {
    const { records } = this.#options;
    const transaction = await records.read(id);
    if (transaction === null || transaction === 'unavailable') throw notRecorded(id);
    try {
      const request = await records.journal.body(id, 'request');
      const original = request === null ? null : callbackUrls(unpackRequest(request).headers).callback;
      return { transaction, urls: unpackUrls(await records.journal.body(id, 'joined')), original };
    } catch (cause) {
      throw notRecorded(id, cause);
    }
  }
}

function moveOf(current: Transaction, action: string | null): Move {
  const { transaction, isToBeMadeUp } = joinedByUrl(current, now());
  if (!isToBeMadeUp) return { transaction };
  const isDone = transaction.state.status === 'completed';
  const status = isDone ? { code: 200, message: 'completed' } : { code: 500, message: 'failed' };
  return withMadeUpReport(transaction, { status, look: null, action, now: now() });
}

const tooMany = ({ id }: Transaction): GatewayError =>
  new GatewayError('callback-refused', {
    sent: 'maybe',
    detail: `Requests that joined this transaction have named ${joinedUrlsMax} Callback URLs already.`,
    transaction: id,
  });

const retryAfterSeconds = 5;

/** Of this repetition nothing was sent; the transaction that it joins may well have been. */
const notRecorded = (id: string, cause?: unknown): GatewayError =>
  new GatewayError('journal-unavailable', {
    detail: 'The transaction goes on, but the Callback URL of this repetition could not be recorded. Send it again.',
    sent: 'maybe',
    transaction: id,
    retryAfterSeconds,
    cause,
  });
