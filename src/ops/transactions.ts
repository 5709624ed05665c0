/**
 * Finding transactions and reading their recorded bytes. A list walks one index of the journal and filters the rest in
 * memory, so it reads a bounded number of records; where it stops early, the cursor says where to go on.
 */
import { GatewayError } from '../domain/problem.ts';
import type { Instant, Status, Transaction } from '../domain/transaction.ts';
import type { Journal, ListQuery } from '../journal/journal.ts';
import { unpackAnswer, unpackRequest } from '../journal/message.ts';
import { answerText, requestText } from './recorded-text.ts';
import { maskedTarget } from './secrets.ts';
import { type TransactionView, transactionView } from './transaction-view.ts';

export interface TransactionFilter {
  readonly status?: Status;
  readonly lane?: string;
  readonly client?: string;
  readonly method?: string;
  /** The path begins with it. */
  readonly path?: string;
  /** Found in id, client, path, lane, key, ESC's id or reason, in any case of letters. */
  readonly q?: string;
  readonly since?: Instant;
  readonly until?: Instant;
  readonly cursor?: string;
  /** 1 to `listItemsMax`. */
  readonly limit: number;
}

export interface TransactionPage {
  readonly items: TransactionView[];
  /** Null at the end. A page may be short, even empty, and yet have one: so much was read without finding more. */
  readonly nextCursor: string | null;
}

/** As wide as ids may ever be; what is none is not asked of the journal. */
const idForm = /^[\w-]{8,64}$/;

export interface Matching {
  readonly items: readonly TransactionView[];
  readonly isAll: boolean;
}

export const listItemsMax = 500;
/** Of one act in bulk. */
const matchedMax = 500;
const scannedRecordsMax = 5000;
const scannedAtOnceMax = 500;

export class Transactions {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /**
   * Newest first. A search for a whole id finds that one alone, however old it is and however many came since.
   * @throws GatewayError `invalid-request` for a foreign cursor; rejects with JournalUnavailable.
   */
  async list(filter: TransactionFilter): Promise<TransactionPage> {
    const named = filter.q === undefined ? null : await this.byId(filter.q);
    if (named !== null) {
      return { items: matches(named, filter) ? [transactionView(named)] : [], nextCursor: null };
    }
    return this.#search(filter);
  }

  async #search(filter: TransactionFilter): Promise<TransactionPage> {
    const items: TransactionView[] = [];
    let beforeSequence = filter.cursor === undefined ? undefined : sequenceOf(filter.cursor);
    const limit = Math.min(scannedAtOnceMax, isFiltered(filter) ? scannedAtOnceMax : filter.limit + 1);
    for (let scanned = 0; scanned < scannedRecordsMax; ) {
      const page = await this.#journal.list({ ...indexed(filter), ...before(beforeSequence), limit });
      for (const transaction of page) {
        if (matches(transaction, filter)) {
          if (items.length === filter.limit) return { items, nextCursor: cursorOf(beforeSequence) };
          items.push(transactionView(transaction));
        }
        beforeSequence = transaction.sequence;
      }
      if (page.length < limit) return { items, nextCursor: null };
      scanned += page.length;
    }
    return { items, nextCursor: cursorOf(beforeSequence) };
  }

  /**
   * All that the filter lets through, oldest first, for an act on them: at most `matchedMax`, and found in a bounded number of
   * records. `isAll` false: there may be more. Rejects with JournalUnavailable.
   */
  async matching(filter: Omit<TransactionFilter, 'cursor' | 'limit'>, among: readonly Status[]): Promise<Matching> {
    const items: TransactionView[] = [];
    let isAll = true;
    for (const status of among) {
      if (filter.status !== undefined && filter.status !== status) continue;
      const page = await this.list({ ...filter, status, limit: listItemsMax });
      items.push(...page.items);
      isAll &&= page.nextCursor === null;
    }
    const found = items.toSorted((one, other) => Date.parse(one.receivedAt) - Date.parse(other.receivedAt));
    return { items: found.slice(0, matchedMax), isAll: isAll && found.length <= matchedMax };
  }

  /** Null: it is no id of a transaction. Rejects with JournalUnavailable. */
  byId(id: string): Promise<Transaction | null> {
    return idForm.test(id) ? this.#journal.get(id) : Promise.resolve(null);
  }

  /** @throws GatewayError `not-found`; rejects with JournalUnavailable. */
  async get(id: string): Promise<Transaction> {
    const transaction = await this.#journal.get(id);
    if (transaction === null) throw notFound(id);
    return transaction;
  }

  /** The request as `message/http`, credentials masked. @throws GatewayError `not-found`. */
  async request(id: string): Promise<Buffer> {
    const { method, path } = await this.get(id);
    const packed = await this.#journal.body(id, 'request');
    if (packed === null) throw notFound(id);
    return requestText({ method, path, ...unpackRequest(packed) });
  }

  /** ESC's recorded answer as `message/http`, credentials masked. @throws GatewayError `not-found`. */
  async response(id: string): Promise<Buffer> {
    const { answer } = await this.get(id);
    const packed = answer?.from === 'esc' ? await this.#journal.body(id, 'response') : null;
    if (packed === null)
      throw new GatewayError('not-found', { detail: `There is no recorded answer of ESC to ${id}.` });
    return answerText(unpackAnswer(packed));
  }
}

export const notFound = (id: string): GatewayError =>
  new GatewayError('not-found', { detail: `The journal has no transaction ${id}.` });

/** The narrowest index that the filter allows; the rest is filtered here. */
function indexed({ status, lane, client, since, until }: TransactionFilter): Omit<ListQuery, 'limit'> {
  const span = {
    ...(since === undefined ? {} : { receivedSince: since }),
    ...(until === undefined ? {} : { receivedUntil: until }),
  };
  if (lane !== undefined) return { lane, ...span };
  if (client !== undefined) return { client, ...span };
  return status === undefined ? span : { status, ...span };
}

const before = (beforeSequence: number | undefined): Pick<ListQuery, 'beforeSequence'> =>
  beforeSequence === undefined ? {} : { beforeSequence };

const isFiltered = ({ status, lane, client, method, path, q }: TransactionFilter): boolean =>
  [status, lane, client].filter((each) => each !== undefined).length > 1 ||
  [method, path, q].some((each) => each !== undefined);

function matches(transaction: Transaction, filter: TransactionFilter): boolean {
  const { status, lane, client, method, path, q, since, until } = filter;
  if (since !== undefined && transaction.receivedAt < since) return false;
  if (until !== undefined && transaction.receivedAt >= until) return false;
  if (status !== undefined && transaction.state.status !== status) return false;
  if (lane !== undefined && transaction.place.lane !== lane) return false;
  if (client !== undefined && transaction.client !== client) return false;
  if (method !== undefined && transaction.method !== method.toUpperCase()) return false;
  if (path !== undefined && !maskedTarget(transaction.path).startsWith(path)) return false;
  return q === undefined || textOf(transaction).includes(q.toLowerCase());
}

function textOf({ id, client, path, place, idempotencyKey, escTransactionId, state }: Transaction): string {
  const reason = 'reason' in state ? state.reason : '';
  const fields = [id, client, maskedTarget(path), place.lane, idempotencyKey ?? '', escTransactionId ?? '', reason];
  return fields.join('\n').toLowerCase();
}

const cursorPrefix = 'before:';

const cursorOf = (sequence: number | undefined): string | null =>
  sequence === undefined ? null : Buffer.from(`${cursorPrefix}${sequence}`).toString('base64url');

function sequenceOf(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString();
  const sequence = text.startsWith(cursorPrefix) ? Number(text.slice(cursorPrefix.length)) : Number.NaN;
  if (Number.isSafeInteger(sequence)) return sequence;
  throw new GatewayError('invalid-request', { detail: 'cursor is none that a list gave as nextCursor.' });
}
