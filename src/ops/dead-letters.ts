/**
 * Reports that could not be delivered (R30): listed for operators, and sent again on their word. A dead letter is part of
 * its transaction's record; its id is the one that the client saw as `Northgate-Delivery`.
 */
import Type, { type Static } from 'typebox';
import { deliveryId } from '../callbacks/relay.ts';
import { resent } from '../domain/deliveries.ts';
import { GatewayError } from '../domain/problem.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Journal } from '../journal/journal.ts';
import type { Records } from '../northbound/records.ts';
import { now } from '../pair/clock.ts';
import { count, instant, nullable, toInstant, words } from './schema-kinds.ts';
import { maskedTarget } from './secrets.ts';

export const deadLetterSchema = Type.Object(
  {
    id: Type.String({ description: 'What the client was given as Northgate-Delivery on every try.' }),
    transaction: Type.String({ description: 'Id of the transaction that it reports on.' }),
    client: Type.String({ description: 'Configured name, or a digest of the credentials.' }),
    method: Type.String({ description: 'Of the transaction’s request.' }),
    path: Type.String({ description: 'Of the transaction’s request.' }),
    channel: words(['callback', 'events'], 'The client’s Callback, or its Callback-ESC-Events.'),
    eventType: nullable(Type.String({ description: 'Such as SERVICE_ALIVE; null where ESC said none.' })),
    status: nullable(words(['success', 'failure'])),
    from: words(['esc', 'made-up'], 'ESC’s own report, or one made up in its form.'),
    reportedAt: instant(),
    deadAt: instant(),
    tries: count('How often it was tried.'),
    lastError: Type.String({ description: 'What the last try ended with.' }),
  },
  { $id: 'DeadLetter', description: 'A callback that could not be delivered.' },
);

export type DeadLetterView = Static<typeof deadLetterSchema>;

export interface DeadLetterPage {
  readonly items: DeadLetterView[];
  /** Null at the end. */
  readonly nextCursor: string | null;
}

export interface DeadLettersOptions {
  readonly replica: string;
  readonly journal: Journal;
  readonly records: Records;
  /** Tells the relay that there is something to deliver. */
  readonly wake: (transaction: Transaction) => void;
}

const transactionsAtOnce = 100;

export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** By transaction, newest first, and by report, newest first. @throws GatewayError `invalid-request` for a foreign cursor. */
  async list({ cursor, limit }: { cursor?: string; limit: number }): Promise<DeadLetterPage> {
    const items: DeadLetterView[] = [];
    let last: Place | null = null;
    for await (const { view, place } of this.#below(cursor === undefined ? null : placeOf(cursor))) {
      if (items.length === limit) return { items, nextCursor: last === null ? null : cursorOf(last) };
      items.push(view);
      last = place;
    }
    return { items, nextCursor: null };
  }

  async *#below(from: Place | null): AsyncGenerator<{ view: DeadLetterView; place: Place }> {
    // The transaction that a page ended in may have more.
    let before = from === null ? {} : { beforeSequence: from.sequence + 1 };
    for (;;) {
      const page = await this.#options.journal.deadLetters({ ...before, limit: transactionsAtOnce });
      for (const transaction of page) {
        const { sequence } = transaction;
        for (const view of viewsOf(transaction)) {
          const place = { sequence, number: view.number };
          if (from?.sequence !== sequence || place.number < from.number) yield { view: view.letter, place };
        }
        before = { beforeSequence: sequence };
      }
      if (page.length < transactionsAtOnce) return;
    }
  }

  /** Tried again with all its time before it. @throws GatewayError `not-found`, `conflict`, `journal-unavailable`. */
  async resend(id: string): Promise<Transaction> {
    const { records, replica, wake } = this.#options;
    const [, transactionId = '', digits = ''] = /^(.+)-(\d{1,9})$/.exec(id) ?? [];
    const number = Number(digits);
    const read = transactionId === '' ? null : await records.read(transactionId);
    if (read === 'unavailable') throw journalUnavailable();
    if (read === null || !read.reports.some((report) => report.number === number)) throw notFound(id);
    const changed = await records.change(read, (current) => {
      const transaction = resent(current, number, { now: now(), replica });
      return transaction === null ? null : { transaction };
    });
    if (changed.word === 'missing') throw notFound(id);
    if (changed.word === 'declined') throw notDead(id, changed.transaction.id);
    if (changed.word !== 'changed') throw journalUnavailable();
    wake(changed.transaction);
    return changed.transaction;
  }
}

function viewsOf(transaction: Transaction): { number: number; letter: DeadLetterView }[] {
  const { id, client, method, path } = transaction;
  return transaction.reports.toReversed().flatMap(({ number, at, channel, eventType, status, from, delivery }) => {
    if (delivery.state !== 'dead') return [];
    const { tries, lastError } = delivery;
    const times = { reportedAt: toInstant(at), deadAt: toInstant(delivery.at) };
    const said = { channel, eventType, status, from, ...times, tries, lastError };
    return [
      {
        number,
        letter: { id: deliveryId(id, number), transaction: id, client, method, path: maskedTarget(path), ...said },
      },
    ];
  });
}

/** The last letter of a page: the next one goes on below it. */
interface Place {
  readonly sequence: number;
  readonly number: number;
}

const cursorOf = ({ sequence, number }: Place): string => Buffer.from(`${sequence}.${number}`).toString('base64url');

function placeOf(cursor: string): Place {
  const [, sequence, number] = /^(\d{1,15})\.(\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (sequence !== undefined && number !== undefined) return { sequence: Number(sequence), number: Number(number) };
  throw new GatewayError('invalid-request', { detail: 'cursor is none that a list gave as nextCursor.' });
}

const notFound = (id: string): GatewayError =>
  new GatewayError('not-found', { detail: `There is no dead letter ${id}.` });

const notDead = (id: string, transaction: string): GatewayError =>
  new GatewayError('conflict', {
    detail: `${id} is no dead letter: it was delivered, or is still tried.`,
    transaction,
  });

const journalUnavailable = (): GatewayError =>
  new GatewayError('journal-unavailable', {
    detail: 'The journal did not confirm it; look at the dead letters before trying again.',
    retryAfterSeconds: 5,
  });
