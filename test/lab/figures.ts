/**
 * What is measured of one cause, from the sightings of the gateway, the readiness of the nodes and the clients' ledger;
 * and which broken promises are its. All in milliseconds. Pure.
 */
import { audit } from '../chaos/audit.ts';
import type { JournalEntry, Ledgers } from '../chaos/ledgers.ts';
import { storyOf } from '../chaos/story.ts';
import type { Violation } from '../chaos/views.ts';
import type { Course, Stretch } from './course.ts';

export interface Figures {
  readonly cause: string;
  readonly pair: string;
  /** From the cause to the gateway's first bad sign; null: none was seen before the gate shut. */
  readonly noticedMs: number | null;
  /** From the first bad sign to the gate shut. */
  readonly shutMs: number | null;
  /** How long the gate was shut. */
  readonly heldMs: number;
  /** From READY to the gate open; null: the services never stopped being READY. */
  readonly openMs: number | null;
  /** From READY, or the opening where there was none, to the end of the last attempt for what had arrived before. */
  readonly lastReplayMs: number | null;
  /** Transactions that arrived, attempts after the first one, and clients' orders. */
  readonly transactions: number;
  readonly replays: number;
  /** Transactions that awaited an operator, who resolved them at the end. */
  readonly operator: number;
  /** Requests executed by a node that had lost its role. */
  readonly late: number;
  /** Transactions of which such a node told the gateway what the pair then threw away: over plain HTTP nobody could see it. */
  readonly misled: readonly string[];
  /** Broken promises, each a story for people. */
  readonly broken: readonly string[];
}

/** A request that was in the node's kernel when the network was cut may be executed a moment later. */
const underWayMs = 1_000;

export function figuresOf(course: Course): Figures[] {
  const violations = audit(course.ledgers).map((found) => ({ found, story: storyOf(found, course.ledgers) }));
  const { stretches, ledgers } = course;
  return stretches.map((stretch, index) => {
    const isLast = index === stretches.length - 1;
    // Who comes between two causes is counted with the one before; what came before the first one is counted with it.
    const from = index === 0 ? 0 : stretch.from;
    const until = isLast ? Number.POSITIVE_INFINITY : (stretches[index + 1]?.from ?? 0);
    const isHere = (at: number): boolean => at >= from && at < until;
    const arrived = ledgers.journal.filter(({ receivedAt }) => isHere(Date.parse(receivedAt)));
    const here = violations.filter(({ found }) => isHere(timeOf(found, ledgers) ?? from));
    const late = course.late.filter(({ at, method }) => isHere(at) && method !== 'GET');
    const { mayBeLate } = stretch.cause;
    const unexplained = mayBeLate ? [] : late.filter(({ at }) => at > stretch.from + underWayMs);
    return {
      cause: stretch.cause.name,
      pair: course.pair,
      ...timesOf(course, stretch, until),
      transactions: arrived.length,
      replays: arrived.reduce((sum, { attempts }) => sum + Math.max(0, attempts.length - 1), 0),
      operator: arrived.filter(isLeftToOperator).length,
      late: late.length,
      misled: here.filter(({ found }) => isMisled(found, course)).map(({ story }) => story),
      broken: [
        ...here.filter(({ found }) => course.isSecure || !isMisled(found, course)).map(({ story }) => story),
        ...unexplained.map((request) => `executed by a node without the role: ${JSON.stringify(request)}`),
      ],
    };
  });
}

type Found = Pick<Violation, 'transaction' | 'order'>;

/** Whether a node without the role was asked of the resource, or was sent to, when that was to be expected. */
function isMisled(found: Found, { ledgers, late, stretches }: Course): boolean {
  const entry = ledgers.journal.find(({ id }) => id === found.transaction);
  const path = (entry ?? ledgers.clients.orders.find(({ id }) => id === found.order))?.path;
  const mayBeLate = (at: number): boolean => stretches.findLast(({ from }) => from <= at)?.cause.mayBeLate === true;
  return late.some((request) => request.path === path && mayBeLate(request.at));
}

/** When the transaction was settled that a violation is about, or its client first asked. */
function timeOf(found: Found, ledgers: Ledgers): number | null {
  const entry = ledgers.journal.find(({ id }) => id === found.transaction);
  if (entry !== undefined) return Date.parse(entry.settledAt ?? entry.receivedAt);
  return ledgers.clients.orders.find(({ id }) => id === found.order)?.tries[0]?.at ?? null;
}

type Times = Pick<Figures, 'noticedMs' | 'shutMs' | 'heldMs' | 'openMs' | 'lastReplayMs'>;

function timesOf({ sightings, readies, ledgers }: Course, { from }: Stretch, until: number): Times {
  const shut = sightings.find(({ kind, at }) => kind === 'shut' && at >= from);
  const shutAt = shut?.at ?? from;
  const open = sightings.find(({ kind, at }) => kind === 'open' && at >= shutAt);
  const openAt = open?.at ?? shutAt;
  const sign = sightings.findLast(({ kind, at }) => kind === 'bad-sign' && at >= from && at <= shutAt);
  const ready = readies.findLast(({ at }) => at >= from && at <= openAt);
  const nextShutAt = sightings.find(({ kind, at }) => kind === 'shut' && at > openAt)?.at ?? until;
  const replayedAt = lastReplayAt(ledgers.journal, openAt, nextShutAt);
  return {
    noticedMs: sign === undefined ? null : sign.at - from,
    shutMs: sign === undefined ? null : shutAt - sign.at,
    heldMs: openAt - shutAt,
    openMs: ready === undefined ? null : openAt - ready.at,
    lastReplayMs: replayedAt === null ? null : replayedAt - (ready?.at ?? openAt),
  };
}

const isLeftToOperator = ({ reason }: JournalEntry): boolean => reason?.startsWith('resolved by') === true;

/** The end of the last attempt, made while the gate was open, for what had arrived before and was not left to an operator. */
function lastReplayAt(journal: Ledgers['journal'], openAt: number, until: number): number | null {
  const waited = journal.filter((each) => Date.parse(each.receivedAt) < openAt && !isLeftToOperator(each));
  const replays = waited.flatMap(({ attempts }) => attempts.filter(({ at = '' }) => Date.parse(at) >= openAt));
  const ends = replays.map(({ endedAt = '' }) => Date.parse(endedAt)).filter((at) => at < until);
  return ends.length === 0 ? null : Math.max(...ends);
}
