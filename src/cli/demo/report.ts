/** The end of the demo in figures: what each ledger says, the verdict by kind of resource, and the times. Only writes. */
import Table from 'cli-table3';
import type { Transaction } from '../../domain/transaction.ts';
import type { SwitchoverRecord } from '../../journal/journal.ts';
import type { Effect } from '../../sim/ledger.ts';
import { kinds } from './bodies.ts';
import { type Counts, isReplayed, type Judgement, type Ledgers } from './judgement.ts';
import type { Sent } from './orchestrator.ts';

export interface Findings {
  readonly ledgers: Ledgers;
  readonly judgement: Judgement;
  /** Oldest first. */
  readonly switchovers: readonly SwitchoverRecord[];
  /** When the pair began each of them. */
  readonly switchoversAt: readonly number[];
  readonly reports: ReadonlyMap<string, number>;
}

/** The whole report as text. */
export function reportOf(findings: Findings): string {
  const { all } = findings.judgement;
  const verdict = `lost ${all.lost}, doubled ${all.doubled}, out of order ${all.outOfOrder}`;
  return [
    '',
    ledgerTable(findings),
    '',
    verdictTable(findings.judgement),
    droppedNote(all.dropped),
    '',
    ...findings.switchovers.map((record, index) => `Switchover ${index + 1}: ${timesOf(record, findings)}`),
    '',
    `${all.sent} sent, ${all.answered} answered, ${all.replayed} replayed: ${verdict}.`,
    '',
  ]
    .join('\n')
    .replace(/ +$/gm, '');
}

// Lines between columns would make it wider than a terminal of 80.
const plainChars = Object.fromEntries(
  ['top', 'bottom', 'left', 'right']
    .flatMap((side) => ['', '-mid', '-left', '-right'].map((part) => side + part))
    .concat(['middle', 'mid', 'left-mid', 'mid-mid', 'right-mid'])
    .map((name) => [name, '']),
);
const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 2 };

function verdictTable({ byKind, all }: Judgement): string {
  const head = [
    '',
    'sent',
    'answered',
    'replayed',
    'lost',
    'doubled',
    'out of\norder',
    'accepted, then\ndropped by ESC',
  ];
  const alignments = head.map((_, index) => (index === 0 ? 'left' : 'right') as 'left' | 'right');
  const table = new Table({ head, chars: plainChars, style, colAligns: alignments });
  for (const kind of kinds) table.push([`${kind}s`, ...figuresOf(byKind[kind])]);
  table.push(['all', ...figuresOf(all)]);
  return table.toString();
}

const figuresOf = ({ sent, answered, replayed, lost, doubled, outOfOrder, dropped }: Counts): number[] => [
  sent,
  answered,
  replayed,
  lost,
  doubled,
  outOfOrder,
  dropped,
];

function droppedNote(dropped: number): string {
  if (dropped === 0) return '';
  return [
    '',
    'Accepted, then dropped by ESC: ESC had stored these, and dropped the work when',
    'it went away. They do not count in the exit code yet: this version follows a',
    'request up to its answer, a later one up to its completion.',
  ].join('\n');
}

function ledgerTable({ ledgers, reports }: Findings): string {
  const { book, transactions, effects, executed } = ledgers;
  const attempts = transactions.reduce((sum, each) => sum + each.attempts.length, 0);
  const found = transactions.filter(({ answer }) => answer?.from === 'made-up').length;
  const table = new Table({ chars: plainChars, style });
  table.push(
    ['Orchestrator', `${book.length} sent; answered ${tally(book.map(statusOf))}`],
    ['', `reports of ESC so far: ${[...reports.values()].reduce((sum, count) => sum + count, 0)}`],
    ['Journal', `${transactions.length} transactions; ${tally(transactions.map(({ state }) => state.status))}`],
    ['', `${attempts} attempts; ${transactions.filter(isReplayed).length} sent again, ${found} found done in ESC`],
    ['ESC', `${executed.filter(({ method }) => method === 'POST').length} requests executed on both nodes together`],
    ['VIM', `${effects.length} effects`],
    ['', tally(effects.map(nameOf))],
  );
  return table.toString();
}

const nameOf = ({ kind, resourceType }: Effect): string =>
  kind === 'created' ? resourceType : `${resourceType} ${kind}`;

const statusOf = ({ result }: Sent): string => {
  if (result === null) return 'nothing';
  return result.kind === 'answered' ? String(result.status) : 'with a broken connection';
};

/** Equal words counted, as `200 (40), 201 (5)`. */
function tally(words: readonly string[]): string {
  const groups = Map.groupBy(words, (word) => word);
  return [...groups].map(([word, each]) => `${word} (${each.length})`).join(', ') || 'none';
}

function timesOf(record: SwitchoverRecord, { ledgers, switchoversAt }: Findings): string {
  const { cause, from, to, detectedAt, readyAt } = record;
  const beganAt = switchoversAt.findLast((at) => at <= detectedAt);
  const noticed = beganAt === undefined ? 'noticed' : `noticed after ${seconds(detectedAt - beganAt)}`;
  const role = `${cause}, ${from ?? 'unknown'} to ${to ?? 'unknown'};\n  `;
  if (readyAt === null) return `${role} READY was not seen.`;
  const lastAt = lastReplayedAt(record.epoch, readyAt, ledgers);
  const last = lastAt === null ? 'nothing was replayed' : `last replayed answer ${seconds(lastAt - readyAt)} later`;
  return `${role} ${noticed}, READY ${seconds(readyAt - detectedAt)} later, ${last}.`;
}

/** When the client had the last answer to what was unanswered before this epoch and settled in it. */
function lastReplayedAt(epoch: number, readyAt: number, { book, transactions }: Ledgers): number | null {
  const hit = new Set(transactions.filter((each) => wasHit(each, epoch)).map(({ id }) => id));
  const answeredAt = book.flatMap(({ result }) =>
    result?.kind === 'answered' && result.at >= readyAt && hit.has(result.transaction ?? '') ? [result.at] : [],
  );
  return answeredAt.length === 0 ? null : Math.max(...answeredAt);
}

const wasHit = ({ attempts }: Transaction, epoch: number): boolean =>
  attempts.some((attempt) => attempt.outcome === 'unknown' && attempt.epoch === epoch - 1);

const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(2)} s`;
