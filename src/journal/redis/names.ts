/**
 * Names in Redis: the keys of a journal, and the entries that a record has in the index.
 * Invariants: all keys of one journal share one hash tag (R33); an entry contains neither NUL nor line feed, and no
 * text of a client can make it another's.
 */
import { hash } from 'node:crypto';
import type { IndexEntry, Status } from '../../domain/transaction.ts';
import type { Form } from '../record.ts';

export interface Keys {
  readonly index: string;
  readonly journal: string;
  readonly keys: string;
  readonly switchovers: string;
  readonly leases: string;
  /** A pub/sub channel, not a key. */
  readonly changes: string;
  readonly record: (id: string) => string;
}

export function keysOf(name: string): Keys {
  const tag = `{northgate:${name}}`;
  return {
    index: `${tag}:index`,
    journal: `${tag}:journal`,
    keys: `${tag}:keys`,
    switchovers: `${tag}:switchovers`,
    leases: `${tag}:leases`,
    changes: `${tag}:changes`,
    record: (id) => `${tag}:record:${id}`,
  };
}

const longestPlainName = 64;

/** A name given by others, as it stands in an entry. Long or odd ones are hashed, which also keeps the index small. */
function safe(name: string): string {
  if (name.length <= longestPlainName && /^[\x21-\x22\x24-\x7e][\x20-\x7e]*$/.test(name)) return name;
  return `#${hash('sha256', name, 'base64url')}`;
}

const timeDigits = 15;
const inTime = (at: number): string => String(Math.max(0, Math.floor(at))).padStart(timeDigits, '0');

export const entries = {
  all: 'all',
  open: 'open',
  deadLetter: 'dead-letter',
  status: (status: Status): string => `status/${status}`,
  lane: (lane: string): string => `lane/${safe(lane)}`,
  client: (client: string): string => `client/${safe(client)}`,
  /** Of open ones only. */
  owner: (owner: string): string => `owner/${safe(owner)}`,
  queue: (lane: string): string => `queue/${safe(lane)}`,
  group: (group: string): string => `group/${safe(group)}`,
  received: (at: number): string => `received/${inTime(at)}`,
  /** Past them all: '0' is the byte after '/'. */
  receivedEnd: 'received0',
  done: (at: number): string => `done/${inTime(at)}`,
};

/** Entries that a record has from its creation until it is pruned; lines. */
export function entriesForEver({
  client,
  lane,
  receivedAt,
}: Pick<IndexEntry, 'client' | 'lane' | 'receivedAt'>): string {
  return [entries.all, entries.lane(lane), entries.client(client), entries.received(receivedAt)].join('\n');
}

/** Entries that a record has in this form; lines. */
export function entriesOf({ entry }: Form): string {
  const lines = [entries.status(entry.status)];
  if (entry.isOpen) lines.push(entries.open, entries.owner(entry.owner));
  if (entry.hasDeadLetter) lines.push(entries.deadLetter);
  if (entry.occupiesLane) lines.push(entries.queue(entry.lane));
  if (entry.doneAt !== null) lines.push(entries.done(entry.doneAt));
  for (const group of entry.groups) lines.push(entries.group(group));
  return lines.join('\n');
}

const sequenceDigits = 12;
export const place = (sequence: number): string => `\0${String(sequence).padStart(sequenceDigits, '0')}`;

/** What a member of the index says. */
export function readMember(member: string): { sequence: number; id: string } {
  const nul = member.indexOf('\0');
  const slash = nul + 1 + sequenceDigits;
  return { sequence: Number(member.slice(nul + 1, slash)), id: member.slice(slash + 1) };
}
