/** The gateway's words set as the console shows them: statuses, roles, health. A colour never stands without its word. */
import { html } from 'ghtml';
import { meaningOf } from '../esc/health-report.ts';
import type { PairView } from '../ops/pair-view.ts';
import type { TransactionView } from '../ops/transaction-view.ts';

export type Status = TransactionView['status'];
export type Tone = 'good' | 'wait' | 'bad' | 'you' | 'info' | 'off';

interface StatusWords {
  readonly label: string;
  readonly tone: Tone;
  /** One sentence, for the transaction's page and for titles. */
  readonly meaning: string;
}

export const statusWords: Readonly<Record<Status, StatusWords>> = {
  held: { label: 'held', tone: 'wait', meaning: 'It waits in the journal and was not sent.' },
  'in-flight': { label: 'in flight', tone: 'info', meaning: 'It was sent, and ESC has not answered yet.' },
  accepted: { label: 'accepted', tone: 'info', meaning: 'ESC accepted it and works on it.' },
  unacknowledged: {
    label: 'unacknowledged',
    tone: 'wait',
    meaning: 'ESC may have it or not; the gateway is finding out, and sends it again if it is missing.',
  },
  'awaiting-operator': {
    label: 'awaiting operator',
    tone: 'you',
    meaning: 'ESC may have it or not, and the gateway must not decide alone. Find out, then replay or resolve it.',
  },
  completed: { label: 'completed', tone: 'good', meaning: 'It took effect.' },
  failed: { label: 'failed', tone: 'bad', meaning: 'It ended without effect, or with an error of ESC.' },
  abandoned: { label: 'abandoned', tone: 'off', meaning: 'It was never sent, and never will be.' },
};

export const badge = (tone: Tone, label: string): string => html`<span class="badge ${tone}">${label}</span>`;

export const statusBadge = (status: Status): string => badge(statusWords[status].tone, statusWords[status].label);

type Observed = PairView['vipHealth'];

export const healthTone: Readonly<Record<Observed['health'], Tone>> = { ready: 'good', starting: 'wait', down: 'bad' };

/** Code and stage in words, such as "2010 READY: running; the other node is not reachable or not healthy". */
export function healthSentence({ statusCode, stage, message }: Observed): string {
  if (statusCode === null) return message;
  const stageWords = { INIT: 'INIT, takes only pre-provisioning', READY: 'READY' };
  const meaning = meaningOf(statusCode) ?? message;
  return `${statusCode}${stage === null ? '' : ` ${stageWords[stage]}`}${meaning === '' ? '' : `: ${meaning}`}`;
}

type Reason = PairView['reason'];

/** Why the gate is not open, after "The gate is shut: ". */
export const gateReasons: Readonly<Record<Reason, string>> = {
  starting: 'the gateway has just started and waits for the pair to be ready',
  switchover: 'the pair switches over, or does not answer',
  settling: 'the pair is ready and settles',
  maintenance: 'ESC is in maintenance mode',
  operator: 'an operator holds it',
  draining: 'an operator drains it',
  none: 'no reason is known',
};

export const causeWords = {
  failover: 'fail-over: the active died',
  planned: 'planned',
  unknown: 'cause not known yet',
} as const;

/** `1 transaction`, `2 transactions`. */
export const many = (count: number, one: string, more = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : more}`;
