/** What needs a human, with the way to it. Empty, it says so: nothing to do is worth knowing at night. */
import { html } from 'ghtml';
import { countOf, type Need } from '../ops/needs.ts';
import { sentence } from '../ops/story.ts';
import { ago, duration } from './moments.ts';
import { many } from './words.ts';

/** Of the overview, what this part of it shows. */
interface Needs {
  readonly needs: readonly Need[];
  readonly now: number;
}

export function needsYou({ needs, now }: Needs): string {
  const isAll = needs.every((need) => need.kind !== 'dead-letters' || need.isAll);
  const body =
    needs.length === 0
      ? html`<p class="nothing">Nothing. The gateway goes on by itself.</p>`
      : html`<ul class="needs">!${needs.map((need) => html`<li>!${needItem(need, now)}</li>`)}</ul>`;
  return html`
<section class="needs-you ${needs.length === 0 ? '' : 'you'}" aria-labelledby="needs-you">
<h2 id="needs-you">Needs you!${needs.length === 0 ? '' : html` <span class="count">${countOf(needs).toLocaleString('en')}${isAll ? '' : '+'}</span>`}</h2>
!${body}
</section>`;
}

function needItem(need: Need, now: number): string {
  switch (need.kind) {
    case 'transaction': {
      const { id, method, path, reason, receivedAt, replayOrderedAt } = need.transaction;
      const state = replayOrderedAt === null ? sentence(reason ?? '') : 'A replay is ordered and waits for its turn.';
      return html`<a class="mono" href="/console/transactions/${id}">${method} ${path}</a><p class="quiet-text">Awaits an operator. ${state} Received ${ago(receivedAt, now)}.</p>`;
    }
    case 'more-transactions':
      return html`<a href="/console/transactions?status=awaiting-operator">${many(need.count, 'more awaits', 'more await')} an operator</a>`;
    case 'dead-letters': {
      const { letter, count, isAll } = need;
      const { transaction, eventType, lastError, deadAt } = letter;
      const what =
        count === 1 && isAll
          ? `Dead letter: ${eventType ?? 'a report'}`
          : `${many(count, 'dead letter')}${isAll ? '' : ' or more'}`;
      return html`<a href="/console/dead-letters">${what}</a><p class="quiet-text">Not delivered: ${sentence(lastError)} ${count === 1 ? 'Given' : 'The newest was given'} up ${ago(deadAt, now)}, of <a href="/console/transactions/${transaction}">this transaction</a>.</p>`;
    }
    case 'gate':
      return need.mode === 'holding'
        ? html`<strong>The gate is held by hand.</strong><p class="quiet-text">It stays shut until somebody opens it.</p>`
        : html`<strong>The gate drains.</strong><p class="quiet-text">New requests are refused until somebody opens it.</p>`;
    case 'node':
      return html`<strong>${need.address} is not heard of.</strong><p class="quiet-text">${sentence(need.message)} If the other node fails now, nothing takes over. For ${duration(now - Date.parse(need.since))}.</p>`;
    case 'journal':
      return html`<strong>The journal does not answer.</strong><p class="quiet-text">New requests are refused. Check its disk, or Redis and the way to it.</p>`;
    case 'warning':
      return html`<p>${sentence(need.text)}</p>`;
  }
}
