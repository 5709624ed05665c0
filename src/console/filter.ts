/**
 * The filters of the transactions page, between query, form and read model. Every value is bounded; what cannot be read is
 * left out, and the form shows what was understood.
 */
import { statuses } from '../domain/transaction.ts';
import type { TransactionFilter } from '../ops/transactions.ts';
import type { Status } from './words.ts';

type Asked = Readonly<Record<string, unknown>>;

const valueMaxChars = 1024;

/** As the form has them; empty: not given. */
export interface Filter {
  readonly status: Status | '';
  readonly lane: string;
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly q: string;
  /** As `datetime-local` has it, read as UTC. */
  readonly since: string;
  readonly until: string;
}

const names = ['status', 'lane', 'client', 'method', 'path', 'q', 'since', 'until'] as const;

/** One value of a query or form, trimmed; of several the first. */
export function textOf(asked: unknown, name: string): string {
  const value = [(asked as Asked | undefined)?.[name]].flat()[0];
  return typeof value === 'string' ? value.slice(0, valueMaxChars).trim() : '';
}

/** All values of that name. */
export const textsOf = (asked: unknown, name: string): string[] =>
  [(asked as Asked | undefined)?.[name]].flat().filter((value): value is string => typeof value === 'string');

export function filterOf(asked: unknown): Filter {
  const status = textOf(asked, 'status');
  const instant = (name: string): string => {
    const given = textOf(asked, name);
    return Number.isNaN(instantOf(given)) ? '' : given;
  };
  return {
    status: statuses.find((each) => each === status) ?? '',
    lane: textOf(asked, 'lane'),
    client: textOf(asked, 'client'),
    method: textOf(asked, 'method'),
    path: textOf(asked, 'path'),
    q: textOf(asked, 'q'),
    since: instant('since'),
    until: instant('until'),
  };
}

const instantOf = (given: string): number => Date.parse(/[zZ]|[+-]\d\d:\d\d$/.test(given) ? given : `${given}Z`);

export const isEmpty = (filter: Filter): boolean => names.every((name) => filter[name] === '');

/** For the read model. */
export function asked({ since, until, ...words }: Filter): Omit<TransactionFilter, 'cursor' | 'limit'> {
  const given = Object.fromEntries(Object.entries(words).filter(([, value]) => value !== ''));
  return {
    ...given,
    ...(since === '' ? {} : { since: instantOf(since) }),
    ...(until === '' ? {} : { until: instantOf(until) }),
  };
}

/** As a query, with further parameters; without `?` where there are none. */
export function queryOf(filter: Filter, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(more);
  for (const name of names) if (filter[name] !== '') query.set(name, filter[name]);
  return query.size === 0 ? '' : `?${query}`;
}
