/** The figures as a table for people: one line a cause. */
import Table from 'cli-table3';
import type { Figures } from './figures.ts';

const columns: readonly (readonly [head: string, cell: (figures: Figures) => string])[] = [
  ['cause', ({ cause }) => cause],
  ['pair', ({ pair }) => pair],
  ['cause to\nbad sign', ({ noticedMs }) => inSeconds(noticedMs)],
  ['bad sign to\ngate shut', ({ shutMs }) => inSeconds(shutMs)],
  ['gate shut\nfor', ({ heldMs }) => inSeconds(heldMs)],
  ['READY to\ngate open', ({ openMs }) => inSeconds(openMs)],
  ['READY to\nlast replay', ({ lastReplayMs }) => inSeconds(lastReplayMs)],
  ['trans-\nactions', ({ transactions }) => String(transactions)],
  ['replays', ({ replays }) => String(replays)],
  ['to the\noperator', ({ operator }) => String(operator)],
  ['late', ({ late }) => String(late)],
  ['misled', ({ misled }) => String(misled.length)],
  ['broken', ({ broken }) => String(broken.length)],
];

const inSeconds = (ms: number | null): string => (ms === null ? '–' : `${(ms / 1000).toFixed(2)} s`);

export function tableOf(all: readonly Figures[]): string {
  const table = new Table({ head: columns.map(([head]) => head), style: { head: [], border: [] } });
  for (const figures of all) table.push(columns.map(([, cell]) => cell(figures)));
  return table.toString();
}
