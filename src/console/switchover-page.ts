/** One switchover: its phases with their durations, and what became of each transaction that it touched. */
import { html } from 'ghtml';
import { type Aftermath, type Fate, fates } from '../ops/aftermath.ts';
import type { SwitchoverView } from '../ops/pair-view.ts';
import { atOf, duration, moment } from './moments.ts';
import { between, switchoverBadge } from './switchovers-page.ts';
import { table } from './transactions-page.ts';
import { causeWords, many } from './words.ts';

export interface SwitchoverStory extends Aftermath {
  readonly switchover: SwitchoverView;
  readonly now: number;
}

const fateWords: Readonly<Record<Fate, { title: string; meaning: string }>> = {
  'needs-you': { title: 'Needs you', meaning: 'They may have happened or not, and must not be sent again unasked.' },
  'on-its-way': { title: 'On its way', meaning: 'Not settled yet.' },
  'sent-again': { title: 'Sent again', meaning: 'They were under way, and were sent to the new active node.' },
  'found-done': {
    title: 'Not sent again',
    meaning: 'They were under way, and were found out to be done or to have ended.',
  },
  'held-then-sent': { title: 'Held, then sent', meaning: 'They came while the gate was shut and were sent once.' },
  'never-sent': { title: 'Never sent', meaning: 'They came while the gate was shut and were abandoned.' },
};

const shownMax = 100;

export function switchoverPage(story: SwitchoverStory): string {
  const { switchover, touched, isAll, now } = story;
  const { epoch, cause, from, to, detectedAt, readyAt, recoveredAt } = switchover;
  return html`
<section class="headline" aria-labelledby="switchover">
<p>!${switchoverBadge(switchover)} <span class="aside">${causeWords[cause]}</span></p>
<h1 id="switchover">Switchover into epoch ${epoch}</h1>
<p>${from ?? 'A node that is not known'} was active before, ${to ?? 'nobody yet'} after it.</p>
</section>
<section aria-labelledby="phases">
<h2 id="phases">Phases</h2>
!${phases(story)}
<dl class="facts wide">
<div><dt>Noticed</dt><dd>!${moment(detectedAt, now)} UTC</dd></div>
<div><dt>Pair ready after</dt><dd>${between(detectedAt, readyAt)}</dd></div>
<div><dt>Everything on its way after</dt><dd>${between(detectedAt, recoveredAt)}</dd></div>
<div><dt>Held</dt><dd>${switchover.held}</dd></div>
<div><dt>Replayed</dt><dd>${switchover.replayed}</dd></div>
<div><dt>Reconciled</dt><dd>${switchover.reconciled}</dd></div>
<div><dt>Completed</dt><dd>${switchover.completed}</dd></div>
<div><dt>Abandoned</dt><dd>${switchover.abandoned}</dd></div>
</dl>
</section>
<section aria-labelledby="became">
<h2 id="became">What became of each transaction</h2>
!${touched.length === 0 ? html`<p class="nothing">It touched none that the journal still has.</p>` : fates.map((fate) => fateSection(fate, story))}
!${isAll ? '' : html`<p class="notice wait">More records lie in that time than are read for this page; these are the newest.</p>`}
</section>`;
}

function fateSection(fate: Fate, { touched, now }: SwitchoverStory): string {
  const items = touched.filter((each) => each.fate === fate).map(({ transaction }) => transaction);
  if (items.length === 0) return '';
  const { title, meaning } = fateWords[fate];
  const more = items.length > shownMax ? html`<p>and ${items.length - shownMax} more</p>` : '';
  return html`<h3>${title} <span class="aside">${many(items.length, 'transaction')}</span></h3><p class="quiet-text">${meaning}</p>!${table(items.slice(0, shownMax), false, now)}!${more}`;
}

/** One bar of its whole length: away, then catching up. A meter's numbers stand beside it in words. */
function phases({ switchover: { detectedAt, readyAt, recoveredAt }, now }: SwitchoverStory): string {
  const begin = atOf(detectedAt);
  const end = recoveredAt === null ? now : atOf(recoveredAt);
  const ready = readyAt === null ? end : atOf(readyAt);
  const whole = Math.max(1, end - begin);
  const widthOf = (ms: number): string => ((100 * ms) / whole).toFixed(2);
  const [away, catching] = [ready - begin, end - ready];
  return html`
<svg class="phases" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="Away ${duration(away)}, then catching up ${duration(catching)}">
<rect class="away" x="0" y="0" height="6" width="${widthOf(away)}"></rect>
<rect class="catching" x="${widthOf(away)}" y="0" height="6" width="${widthOf(catching)}"></rect>
</svg>
<ul class="legend"><li class="of-failed">pair away ${duration(away)}</li><li class="of-held">catching up ${duration(catching)}</li></ul>`;
}
