/** The end of the demo in figures: what each ledger says, the verdict by kind of resource, and the times. Only writes. */
import Table from 'cli-table3';
import type { Transaction } from '../../domain/transaction.ts';
import type { SwitchoverRecord } from '../../journal/journal.ts';
import type { Effect } from '../../sim/ledger.ts';
import { kinds } from './bodies.ts';
import { type Counts, hasKeptId, isReplayed, type Judgement, type Ledgers } from './judgement.ts';
import { type Sent, terminalReports } from './orchestrator.ts';

export interface Findings {
  readonly ledgers: Ledgers;
  readonly judgement: Judgement;
  /** Oldest first. */
  readonly switchovers: readonly SwitchoverRecord[];
}

/** The whole report as text. */
export function reportOf(findings: Findings): string {
  const { all } = findings.judgement;
  const { lost, doubled, misTold, outOfOrder } = all;
  const verdict = `lost ${lost}, doubled ${doubled}, mis-told ${misTold}, out of order ${outOfOrder}`;
  return [
    '',
    ledgerTable(findings),
    '',
    verdictTable(findings.judgement),
    droppedNote(all.dropped),
    '',
    ...findings.switchovers.map((record, index) => `Switchover ${index + 1}: ${timesOf(record, findings)}`),
    '',
    `${all.sent} sent, ${all.answered} answered, ${all.completed} completed, ${all.replayed} replayed,`,
    `${all.dropped} accepted and then dropped by ESC: ${verdict}.`,
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
    'ans-\nwered',
    'com-\npleted',
    're-\nplayed',
    'accepted, then\ndropped by ESC',
    'lost',
    'dou-\nbled',
    'mis-\ntold',
    'out of\norder',
  ];
  const alignments = head.map((_, index) => (index === 0 ? 'left' : 'right') as 'left' | 'right');
  const table = new Table({ head, chars: plainChars, style, colAligns: alignments });
  for (const kind of kinds) table.push([`${kind}s`, ...figuresOf(byKind[kind])]);
  table.push(['all', ...figuresOf(all)]);
  return table.toString();
}

const figuresOf = (counts: Counts): number[] => [
  counts.sent,
  counts.answered,
  counts.completed,
  counts.replayed,
  counts.dropped,
  counts.lost,
  counts.doubled,
  counts.misTold,
  counts.outOfOrder,
];

function droppedNote(dropped: number): string {
  if (dropped === 0) return '';
  return [
    '',
    'Accepted, then dropped by ESC: the orchestrator had its answer, and ESC went away',
    'before it had told the end. Northgate looked, cleaned up what was stuck, sent it',
    'again, or found it done, and told the end under the id that was answered first.',
  ].join('\n');
}

function ledgerTable({ ledgers }: Findings): string {
  const { book, transactions, effects, executed } = ledgers;
  const attempts = transactions.reduce((sum, each) => sum + each.attempts.length, 0);
  const cleanUps = transactions.flatMap((each) => each.attempts.filter(({ kind }) => kind === 'clean-up')).length;
  const delivered = transactions.flatMap(({ reports }) =>
    reports.filter(({ delivery }) => delivery.state === 'delivered'),
  );
  const madeUp = delivered.filter(({ from }) => from === 'made-up').length;
  const sentOf = new Map(book.map((sent) => [sent.result?.kind === 'answered' ? sent.result.transaction : '', sent]));
  const kept = transactions.filter((each) => {
    const sent = sentOf.get(each.id);
    return sent !== undefined && hasKeptId(sent, each);
  }).length;
  const found = transactions.filter(({ answer }) => answer?.from === 'made-up').length;
  const table = new Table({ chars: plainChars, style });
  table.push(
    ['Orchestrator', `${book.length} sent; answered ${tally(book.map(statusOf))}`],
    [
      '',
      `told of ${book.flatMap(({ reports }) => reports).length} events, ${book.flatMap(terminalReports).length} of them the end of a request`,
    ],
    ['Journal', `${transactions.length} transactions; ${tally(transactions.map(({ state }) => state.status))}`],
    ['', `${attempts} attempts; ${transactions.filter(isReplayed).length} sent again, ${found} found done in ESC`],
    ['', `callbacks: ${delivered.length - madeUp} of ESC relayed, ${madeUp} completions made up`],
    ['', `${cleanUps} clean-ups; ${kept} transactions kept their first id over a second one of ESC`],
    [
      '',
      `${transactions.filter(({ operatorReplay }) => operatorReplay !== undefined).length} left to the operator, who had them sent once more`,
    ],
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

function timesOf(record: SwitchoverRecord, { ledgers }: Findings): string {
  const { cause, from, to, detectedAt, readyAt } = record;
  const beganAt = ledgers.switchoversAt.findLast((at) => at <= detectedAt);
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
