/**
 * The one glance: is the pair up, who is active, is the gate shut and since when, how many wait, what was replayed, what
 * needs a human. Everything on it is read from memory or counted by the journal, so it is as quick with many transactions.
 */
import { html } from 'ghtml';
import { statuses } from '../domain/transaction.ts';
import type { HistoryView } from '../ops/history.ts';
import { countOf, type Need } from '../ops/needs.ts';
import type { PairStatusView } from '../ops/pair-view.ts';
import { ago, duration, moment } from './moments.ts';
import { needsYou } from './needs-you.ts';
import { pairSection } from './pair-section.ts';
import { timeline } from './timeline.ts';
import { causeWords, gateReasons, many, statusWords, type Tone } from './words.ts';

export interface Overview {
  readonly pair: PairStatusView;
  readonly needs: readonly Need[];
  readonly history: HistoryView;
  readonly hours: number;
  readonly switchovers: readonly {
    readonly detectedAt: string;
    readonly readyAt: string | null;
    readonly epoch: number;
  }[];
  readonly mayAct: boolean;
  readonly now: number;
}

export const overviewTitle = ({ pair, needs }: Overview): string => {
  const gate = { open: 'Gate open', holding: 'Gate shut', draining: 'Draining' }[pair.gate];
  return needs.length === 0 ? gate : `${gate}, ${many(countOf(needs), 'thing')} for you`;
};

export const overviewPage = (overview: Overview): string => html`
!${verdict(overview)}
<div class="columns">
<div>
!${pairSection(overview.pair, overview.now)}
!${counts(overview.pair)}
!${timeline(overview)}
</div>
<div>
!${needsYou(overview)}
!${lastSwitchover(overview)}
!${replicas(overview)}
</div>
</div>
<p class="aside as-of">As of !${moment(overview.now, overview.now)} UTC, by replica ${overview.pair.replica}. <span id="liveness"></span></p>`;

interface Verdict {
  readonly tone: Tone;
  readonly title: string;
  readonly what: string;
}

const gateVerdicts: Readonly<Record<PairStatusView['gate'], Verdict>> = {
  open: { tone: 'good', title: 'The gate is open', what: '' },
  holding: { tone: 'wait', title: 'The gate is shut', what: 'New requests are held and sent once it opens.' },
  draining: { tone: 'bad', title: 'The gate drains', what: 'New requests are refused.' },
};

/** Nothing is sent that is not journaled, so an open gate is no comfort then. */
const journalAway: Verdict = {
  tone: 'bad',
  title: 'The journal does not answer',
  what: 'New requests are refused; what was accepted waits.',
};

function verdict({ pair, mayAct, now }: Overview): string {
  const since = html`since !${moment(pair.gateSince, now)} UTC, for ${duration(now - Date.parse(pair.gateSince))}`;
  const waiting = waitingOf(pair);
  const { tone, title, what } = waiting === null ? journalAway : gateVerdicts[pair.gate];
  const active = pair.activeNode === null ? 'No node is seen active.' : `${pair.activeNode} is active.`;
  const why = pair.gate === 'open' ? '' : `${capital(gateReasons[pair.reason])}. `;
  return html`
<section class="verdict ${tone}" aria-labelledby="verdict">
<div>
<h1 id="verdict">${title}</h1>
<p class="since">Gate ${pair.gate === 'holding' ? 'shut' : pair.gate} !${since}</p>
<p>${why}${active} ${what}</p>
</div>
<dl class="figures">
<div><dt>Epoch</dt><dd>${pair.epoch}</dd></div>
<div><dt>Waiting</dt><dd>${waiting ?? '?'}</dd></div>
<div><dt>Held here</dt><dd>${pair.held.requests}</dd></div>
</dl>
!${mayAct ? gateActs(pair) : ''}
</section>`;
}

const waitingOf = ({ transactions }: PairStatusView): number | null =>
  transactions === null ? null : transactions.held + transactions.unacknowledged;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Opening is for what is shut by hand; nobody can force a gate open that the pair keeps shut. */
const gateActs = ({ gate, reason }: PairStatusView): string => html`
<p class="acts">
!${gate === 'draining' || reason === 'operator' ? html`<a class="button" href="/console/acts?act=open">Open…</a>` : ''}
!${gate === 'draining' || reason === 'operator' ? '' : html`<a class="button" href="/console/acts?act=hold">Hold…</a>`}
!${gate === 'draining' ? '' : html`<a class="button" href="/console/acts?act=drain">Drain…</a>`}
</p>`;

function counts({ transactions }: PairStatusView): string {
  if (transactions === null) {
    return html`<section aria-labelledby="counts"><h2 id="counts">Transactions</h2><p class="notice bad">The journal does not answer, so they cannot be counted.</p></section>`;
  }
  const figure = (status: (typeof statuses)[number]): string => {
    const { label, tone, meaning } = statusWords[status];
    const count = transactions[status];
    return html`<li class="${tone} ${count === 0 ? 'none' : ''}"><a href="/console/transactions?status=${status}" title="${meaning}"><span class="figure">${count.toLocaleString('en')}</span> <span>${label}</span></a></li>`;
  };
  return html`
<section aria-labelledby="counts">
<h2 id="counts">Transactions</h2>
<ul class="counts">!${statuses.map(figure)}</ul>
</section>`;
}

function lastSwitchover({ pair: { lastSwitchover: last, transactions }, now }: Overview): string {
  if (last === null) {
    const none = transactions === null ? 'The journal does not answer.' : 'None since this journal began.';
    return html`<section aria-labelledby="last"><h2 id="last">Last switchover</h2><p class="quiet-text">${none}</p></section>`;
  }
  const { epoch, cause, detectedAt, readyAt, recoveredAt, from, to } = last;
  const gap = readyAt === null ? 'not ready yet' : duration(Date.parse(readyAt) - Date.parse(detectedAt));
  const state = recoveredAt === null ? 'not everything is on its way again' : 'everything is on its way again';
  return html`
<section aria-labelledby="last">
<h2 id="last">Last switchover</h2>
<p><a href="/console/switchovers/${epoch}">Epoch ${epoch}</a>, !${moment(detectedAt, now)} (${ago(detectedAt, now)})</p>
<dl class="facts">
<div><dt>Why</dt><dd>${causeWords[cause]}</dd></div>
<div><dt>Roles</dt><dd>${from ?? 'not known'} → ${to ?? 'not known'}</dd></div>
<div><dt>Pair ready after</dt><dd>${gap}</dd></div>
<div><dt>Held</dt><dd>${last.held}</dd></div>
<div><dt>Replayed</dt><dd>${last.replayed}</dd></div>
<div><dt>Reconciled</dt><dd>${last.reconciled}</dd></div>
</dl>
<p class="quiet-text">${capital(state)}.</p>
</section>`;
}

function replicas({ pair, now }: Overview): string {
  const rows = (pair.replicas ?? []).map(
    ({ name, isLive, leaseEndsAt }) =>
      html`<li><span class="dot ${isLive ? 'good' : 'off'}"></span> <span class="mono">${name}</span> <span class="aside">${isLive ? 'alive' : `ended ${ago(leaseEndsAt, now)}`}${name === pair.replica ? ', this one' : ''}</span></li>`,
  );
  return html`
<section aria-labelledby="replicas">
<h2 id="replicas">Gateways on this journal</h2>
!${pair.replicas === null ? html`<p class="quiet-text">The journal does not answer.</p>` : html`<ul class="plain">!${rows}</ul>`}
</section>`;
}
