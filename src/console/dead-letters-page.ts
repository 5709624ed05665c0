/** Callbacks that could not be delivered, and having them sent again. */
import { html } from 'ghtml';
import type { DeadLetterPage, DeadLetterView } from '../ops/dead-letters.ts';
import { sentence } from '../ops/story.ts';
import { moment } from './moments.ts';
import { badge } from './words.ts';

export interface DeadLetters {
  readonly page: DeadLetterPage;
  readonly mayAct: boolean;
  readonly now: number;
}

export function deadLettersPage({ page: { items, nextCursor }, mayAct, now }: DeadLetters): string {
  const rows = items.map((letter) => row(letter, mayAct, now));
  const list = html`
<table class="cards">
<thead><tr>!${mayAct ? html`<td class="tick"></td>` : ''}<th scope="col">Report</th><th scope="col">Of transaction</th><th scope="col" class="wide-only">Client</th><th scope="col" class="number wide-only">Tries</th><th scope="col" class="number">Given up (UTC)</th></tr></thead>
<tbody>!${rows}</tbody>
</table>`;
  const older =
    nextCursor === null
      ? ''
      : html`<nav class="paging" aria-label="Pages of dead letters"><a class="button" rel="next" href="/console/dead-letters?${new URLSearchParams({ cursor: nextCursor }).toString()}">Older</a></nav>`;
  const form = html`<form method="get" action="/console/acts">!${list}!${chooser}</form>`;
  return html`
<h1>Dead letters</h1>
<p>Reports that a client refused, or did not take within <code>callbacks.deliverFor</code>.</p>
!${items.length === 0 ? html`<p class="nothing">None. Every report was delivered or is still being tried.</p>` : mayAct ? form : list}
!${older}`;
}

const chooser = html`
<fieldset class="chooser">
<legend>Act on</legend>
<label><input type="radio" id="which-ticked" name="which" value="ticked" checked> those that are ticked</label>
<label><input type="radio" id="which-all" name="which" value="all"> all of them, on every page</label>
<span class="acts"><button name="act" value="resend">Send again…</button></span>
</fieldset>`;

function row(letter: DeadLetterView, mayAct: boolean, now: number): string {
  const { id, transaction, client, method, path, channel, eventType, status, lastError, tries, deadAt } = letter;
  const tick = html`<td class="tick"><input type="checkbox" name="id" value="${id}" aria-label="Choose ${id}"></td>`;
  return html`<tr>!${mayAct ? tick : ''}<td class="lead"><strong>${eventType ?? channel}</strong> !${status === null ? '' : badge(status === 'success' ? 'good' : 'bad', status)}<span class="reason">${sentence(lastError)}</span></td><td class="what"><a class="mono" href="/console/transactions/${transaction}"><b>${method}</b> ${path}</a></td><td class="wide-only client" title="${client}">${client}</td><td class="number wide-only">${tries}</td><td class="number">!${moment(deadAt, now)}</td></tr>`;
}
