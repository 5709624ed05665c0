/**
 * A transaction's record as a story in the order of time: received, sent where and when, what came of it, what ESC
 * reported, what the client was told. Pure; it says only what the record says, and nothing of bodies or credentials.
 */
import type { Attempt, Instant, Report, Transaction } from '../domain/transaction.ts';

/** How a reader should take it. */
type Mood = 'plain' | 'wait' | 'good' | 'bad' | 'human';

export interface StoryEvent {
  readonly at: Instant;
  readonly title: string;
  /** Further sentences; empty where the title says all. */
  readonly detail: string;
  readonly mood: Mood;
  /** The epoch it belongs to, where that is known. */
  readonly epoch: number | null;
}

/** Oldest first; the last one is where it stands. */
export function storyOf(transaction: Transaction): StoryEvent[] {
  const { receivedAt, client, attempts, reports, answer, promisedAt, operatorReplay, endedAt, state } = transaction;
  const events: StoryEvent[] = [
    plain(receivedAt, 'Received', `From ${client}, and journaled before anything was sent.`),
  ];
  for (const attempt of attempts) events.push(...attemptEvents(attempt, attempts));
  for (const report of reports) events.push(...reportEvents(report));
  if (promisedAt !== null) {
    events.push(plain(promisedAt, 'Client told 202', 'It was promised a result and need not wait.'));
  }
  if (operatorReplay !== undefined) {
    const { at, by } = operatorReplay;
    events.push({ at, title: 'Replay ordered', detail: `By ${by}.`, mood: 'human', epoch: null });
  }
  if (answer !== null) {
    const origin =
      answer.from === 'esc' ? `ESC’s own answer, ${answer.bodyBytes} bytes.` : 'Made up: the effect was proven.';
    events.push(plain(answer.at, `Answer recorded: ${answer.status}`, origin));
  }
  events.push('settledAt' in state ? ending(state) : standing(state));
  if (endedAt !== null)
    events.push(plain(endedAt, 'Deleted again', 'A later transaction deleted what this one created.'));
  return events.toSorted((one, other) => one.at - other.at);
}

const plain = (at: Instant, title: string, detail: string): StoryEvent => ({
  at,
  title,
  detail,
  mood: 'plain',
  epoch: null,
});

function ending(state: Extract<Transaction['state'], { settledAt: Instant }>): StoryEvent {
  const moods = { completed: 'good', failed: 'bad', abandoned: 'bad' } as const;
  const titles = { completed: 'Completed', failed: 'Failed', abandoned: 'Abandoned' } as const;
  const { settledAt: at, status, reason } = state;
  return { at, title: titles[status], detail: sentence(reason), mood: moods[status], epoch: null };
}

type Standing = Exclude<Transaction['state'], { settledAt: Instant }>;

const standingTitles: Readonly<Record<Standing['status'], string>> = {
  held: 'Held',
  'in-flight': 'In flight',
  accepted: 'Accepted by ESC',
  unacknowledged: 'Unacknowledged',
  'awaiting-operator': 'Left to the operator',
};

const heldFor = {
  gate: 'until the gate opens',
  lane: 'until those before it in its lane are answered',
  maintenance: 'until ESC leaves its maintenance mode',
} as const;

function standing(state: Standing): StoryEvent {
  const title = standingTitles[state.status];
  const moods = { 'in-flight': 'plain', accepted: 'plain', held: 'wait', unacknowledged: 'wait' } as const;
  const mood = state.status === 'awaiting-operator' ? 'human' : moods[state.status];
  const why = state.status === 'held' ? `waits ${heldFor[state.reason]}` : 'reason' in state ? state.reason : '';
  return { at: state.since, title, detail: sentence(why), mood, epoch: 'epoch' in state ? state.epoch : null };
}

const outcomeTitles = {
  answered: 'ESC answered',
  'never-sent': 'Never left the gateway',
  unknown: 'No answer: it may have happened or not',
} as const;

function attemptEvents(attempt: Attempt, attempts: readonly Attempt[]): StoryEvent[] {
  const { number, kind, epoch, node, at, endedAt, outcome, evidence, status } = attempt;
  const isAgain = attempts.some((other) => other.number < number && other.kind === 'send');
  const sent = kind === 'clean-up' ? 'Clean-up sent' : isAgain ? 'Sent again' : 'Sent';
  const where = node === null ? 'To the VIP; which node was active is not known.' : `To ${node} by the VIP.`;
  const events: StoryEvent[] = [{ at, title: `${sent} (attempt ${number})`, detail: where, mood: 'plain', epoch }];
  if (outcome === undefined) return events;
  const title = outcome === 'answered' && status !== undefined ? `ESC answered ${status}` : outcomeTitles[outcome];
  const mood = outcome === 'answered' ? 'plain' : 'wait';
  events.push({
    at: endedAt ?? at,
    title: `${title} (attempt ${number})`,
    detail: sentence(evidence ?? ''),
    mood,
    epoch,
  });
  return events;
}

function reportEvents(report: Report): StoryEvent[] {
  const { at, from, eventType, status, attempt, delivery, channel } = report;
  const what = [eventType, status].filter((each) => each !== null).join(' ') || 'a report';
  const origin = from === 'esc' ? `ESC reported ${what}` : `Report made up: ${what}`;
  const mood = status === 'failure' ? 'bad' : 'plain';
  const events: StoryEvent[] = [
    {
      at,
      title: origin,
      detail: `On attempt ${attempt}, for the client’s ${channelName[channel]}.`,
      mood,
      epoch: null,
    },
  ];
  if (delivery.state === 'delivered') {
    events.push(plain(delivery.at, `${what} delivered to the client`, tries(delivery.tries)));
  } else if (delivery.state === 'dead') {
    const detail = `${tries(delivery.tries)} ${sentence(delivery.lastError)}`;
    events.push({ at: delivery.at, title: `${what} became a dead letter`, detail, mood: 'bad', epoch: null });
  }
  return events;
}

const channelName = { callback: 'Callback', events: 'Callback-ESC-Events' } as const;
const tries = (count: number): string => (count === 1 ? 'At the first try.' : `After ${count} tries.`);

/** Recorded reasons are sentences without their capital and full stop. */
export function sentence(text: string): string {
  if (text === '') return '';
  const begun = /^[a-z]+:\/\//.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
