/**
 * Queries of an embedded journal. Times are turned into bounds of the sequence, as in Redis, so that a page out of a long
 * journal is found in a few steps: a read holds up the whole process. The bounds are wide by what a clock may be set back,
 * and the times are compared exactly.
 */
import type { SQLInputValue } from 'node:sqlite';
import type { ListQuery } from '../journal.ts';

const clockSetBackMaxMs = 10 * 60 * 1000;

/** The last one received before the instant; nothing that is meant came earlier. */
const sequenceBefore = `SELECT sequence FROM transactions INDEXED BY by_received WHERE received_at < ?
  ORDER BY received_at DESC, sequence DESC LIMIT 1`;
/** The first one received at the instant or later. */
const sequenceFrom = `SELECT sequence FROM transactions INDEXED BY by_received WHERE received_at >= ?
  ORDER BY received_at, sequence LIMIT 1`;

/** The sequences of a page, newest first, found in an index alone. */
export function pageOf(query: ListQuery): { sql: string; values: SQLInputValue[] } {
  const { receivedSince: since, receivedUntil: until } = query;
  const asked: [string, SQLInputValue | undefined][] = [
    ['status = ?', query.status],
    ['lane = ?', query.lane],
    ['client = ?', query.client],
    ['received_at >= ?', since],
    ['received_at < ?', until],
    ['sequence < ?', query.beforeSequence],
    [`sequence > ifnull((${sequenceBefore}), 0)`, since === undefined ? since : since - clockSetBackMaxMs],
    [
      `sequence < ifnull((${sequenceFrom}), ${Number.MAX_SAFE_INTEGER})`,
      until === undefined ? until : until + clockSetBackMaxMs,
    ],
  ];
  const given = asked.filter((condition): condition is [string, SQLInputValue] => condition[1] !== undefined);
  const conditions = given.map(([condition]) => condition).join(' AND ') || '1';
  return {
    sql: `SELECT sequence FROM transactions WHERE ${conditions} ORDER BY sequence DESC LIMIT ?`,
    values: [...given.map(([, value]) => value), query.limit],
  };
}
