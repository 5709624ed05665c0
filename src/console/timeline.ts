/**
 * The last hours as a chart: above its line what ended, below it what was held or replayed, switchovers as bands. The
 * browser draws it from the data beside it (`assets/console.js`); without scripts, and for screen readers, it is a table.
 */
import { html } from 'ghtml';
import { counted, type HistoryView, type Span } from '../ops/history.ts';
import { atOf, moment } from './moments.ts';

export interface Timeline {
  readonly history: HistoryView;
  readonly hours: number;
  readonly switchovers: readonly {
    readonly detectedAt: string;
    readonly readyAt: string | null;
    readonly epoch: number;
  }[];
  readonly now: number;
}

/** Hours to look back, and how many minutes a bar is. */
export const ranges: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [6, 5],
  [24, 20],
]);

export function timeline({ history, hours, switchovers, now }: Timeline): string {
  const { spans, since, spanMs } = history;
  const from = spans[0]?.at ?? now;
  const data = JSON.stringify({
    spanMs,
    at: spans.map(({ at }) => at),
    counts: Object.fromEntries(counted.map((what) => [what, spans.map(({ counts }) => counts[what])])),
    switchovers: switchovers
      .map(({ epoch, detectedAt, readyAt }) => ({
        epoch,
        from: atOf(detectedAt),
        to: readyAt === null ? now : atOf(readyAt),
      }))
      .filter(({ to }) => to >= from),
  });
  const range = (each: number): string =>
    html`<li><a href="/console/?hours=${each}" !${each === hours ? 'aria-current="true"' : ''}>${each} h</a></li>`;
  return html`
<section aria-labelledby="timeline">
<div class="heading"><h2 id="timeline">The last ${hours === 1 ? 'hour' : `${hours} hours`}</h2><ul class="ranges" aria-label="How far back">!${[...ranges.keys()].map(range)}</ul></div>
<div class="plot" id="plot" hx-morph-skip-children data-timeline="${data}" aria-hidden="true"></div>
<ul class="legend" aria-hidden="true">!${counted.map((what) => html`<li class="of-${what}">${what}</li>`)}<li class="of-switchover">switchover</li></ul>
!${since > from ? html`<p class="quiet-text">Counted since !${moment(since, now)} UTC.</p>` : ''}
<details><summary>As a table</summary>!${table(spans, switchovers, from, now)}</details>
</section>`;
}

function table(spans: readonly Span[], switchovers: Timeline['switchovers'], from: number, now: number): string {
  const busy = spans.filter(({ counts }) => counted.some((what) => counts[what] > 0)).toReversed();
  const row = ({ at, counts }: Span): string =>
    html`<tr><th scope="row">!${moment(at, now)}</th>!${counted.map((what) => html`<td class="number">${counts[what]}</td>`)}</tr>`;
  const marks = switchovers.filter(({ detectedAt }) => atOf(detectedAt) >= from);
  const mark = ({ epoch, detectedAt }: (typeof marks)[number]): string =>
    html`<li><a href="/console/switchovers/${epoch}">Switchover into epoch ${epoch}</a>, !${moment(detectedAt, now)}</li>`;
  return html`
<ul class="plain">!${marks.map(mark)}</ul>
<div class="scroll" tabindex="0" role="region" aria-label="Counts by time"><table>
<thead><tr><th scope="col">From (UTC)</th>!${counted.map((what) => html`<th scope="col" class="number">${what}</th>`)}</tr></thead>
<tbody>!${busy.map(row)}</tbody>
</table></div>
!${busy.length === 0 ? html`<p class="quiet-text">Nothing happened.</p>` : ''}`;
}
