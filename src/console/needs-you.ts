/** What needs a human, with the way to it. Empty, it says so: nothing to do is worth knowing at night. */
import { html } from 'ghtml';
import type { Need } from '../ops/needs.ts';
import { sentence } from '../ops/story.ts';
import { ago } from './moments.ts';

/** Of the overview, what this part of it shows. */
interface Needs {
  readonly needs: readonly Need[];
  readonly hasMoreNeeds: boolean;
  readonly now: number;
}

export function needsYou({ needs, hasMoreNeeds, now }: Needs): string {
  const body =
    needs.length === 0
      ? html`<p class="nothing">Nothing. The gateway goes on by itself.</p>`
      : html`<ul class="needs">!${needs.map((need) => html`<li>!${needItem(need, now)}</li>`)}</ul>`;
  const more = html`<p><a href="/console/transactions?status=awaiting-operator">All that await an operator</a> · <a href="/console/dead-letters">All dead letters</a></p>`;
  return html`
<section class="needs-you ${needs.length === 0 ? '' : 'you'}" aria-labelledby="needs-you">
<h2 id="needs-you">Needs you!${needs.length === 0 ? '' : html` <span class="count">${needs.length}${hasMoreNeeds ? '+' : ''}</span>`}</h2>
!${body}
!${hasMoreNeeds ? more : ''}
</section>`;
}

function needItem(need: Need, now: number): string {
  switch (need.kind) {
    case 'transaction': {
      const { id, method, path, reason, receivedAt, replayOrderedAt } = need.transaction;
      const state = replayOrderedAt === null ? sentence(reason ?? '') : 'A replay is ordered and waits for its turn.';
      return html`<a class="mono" href="/console/transactions/${id}">${method} ${path}</a><p class="quiet-text">Awaits an operator. ${state} Received ${ago(receivedAt, now)}.</p>`;
    }
    case 'dead-letter': {
      const { transaction, eventType, lastError, deadAt } = need.letter;
      return html`<a href="/console/dead-letters">Dead letter: ${eventType ?? 'a report'}</a><p class="quiet-text">Not delivered: ${sentence(lastError)} Given up ${ago(deadAt, now)}, of <a class="mono" href="/console/transactions/${transaction}">${transaction}</a>.</p>`;
    }
    case 'gate':
      return need.mode === 'holding'
        ? html`<strong>The gate is held by hand.</strong><p class="quiet-text">It stays shut until somebody opens it.</p>`
        : html`<strong>The gate drains.</strong><p class="quiet-text">New requests are refused until somebody opens it.</p>`;
    case 'node':
      return html`<strong>${need.address} is not heard of.</strong><p class="quiet-text">${sentence(need.message)} If the other node fails now, nothing takes over. For ${ago(need.since, now).replace(' ago', '')}.</p>`;
    case 'journal':
      return html`<strong>The journal does not answer.</strong><p class="quiet-text">New requests are refused. Check its disk, or Redis and the way to it.</p>`;
    case 'warning':
      return html`<p>${sentence(need.text)}</p>`;
  }
}
