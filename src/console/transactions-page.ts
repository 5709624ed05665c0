/** Transactions, newest first: filters, one page, and acts on those that are ticked or on all that the filter lets through. */
import { html } from 'ghtml';
import { statuses } from '../domain/transaction.ts';
import type { TransactionView } from '../ops/transaction-view.ts';
import type { TransactionPage } from '../ops/transactions.ts';
import { type Act, acts } from './acts.ts';
import { type Filter, isEmpty, queryOf } from './filter.ts';
import { duration, moment } from './moments.ts';
import { type Status, statusBadge, statusWords } from './words.ts';

export interface Transactions {
  readonly filter: Filter;
  readonly page: TransactionPage;
  /** Further down than the newest. */
  readonly isLater: boolean;
  readonly mayAct: boolean;
  readonly now: number;
}

export const filterForm = (filter: Filter): string => html`
<form class="filters" method="get" action="/console/transactions" role="search" aria-label="Transactions">
<div class="wide"><label for="q">Any id, path, lane, client or reason</label><input id="q" name="q" type="search" value="${filter.q}" maxlength="255"></div>
<div><label for="status">Status</label><select id="status" name="status"><option value="">any</option>!${statuses.map((status) => option(status, filter.status))}</select></div>
<div class="actions"><button class="primary">Search</button>!${isEmpty(filter) ? '' : html` <a class="button" href="/console/transactions">Clear</a>`}</div>
<details !${hasMore(filter) ? 'open' : ''}><summary>More filters</summary><div class="more">
!${field('path', 'Path begins with', filter.path)}
!${field('lane', 'Lane', filter.lane)}
!${field('client', 'Client', filter.client)}
<div><label for="method">Method</label><select id="method" name="method"><option value="">any</option>!${['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => html`<option !${method === filter.method ? 'selected' : ''}>${method}</option>`)}</select></div>
!${field('since', 'Received from (UTC)', filter.since, 'datetime-local')}
!${field('until', 'Received before (UTC)', filter.until, 'datetime-local')}
</div></details>
</form>`;

const option = (status: Status, chosen: string): string =>
  html`<option value="${status}" !${status === chosen ? 'selected' : ''}>${statusWords[status].label}</option>`;

const field = (name: string, label: string, value: string, type = 'text'): string =>
  html`<div><label for="${name}">${label}</label><input id="${name}" name="${name}" type="${type}" value="${value}" maxlength="1024" !${type === 'text' ? '' : 'step="1"'}></div>`;

const hasMore = ({ path, lane, client, method, since, until }: Filter): boolean =>
  [path, lane, client, method, since, until].some((value) => value !== '');

export function transactionList({ filter, page, isLater, mayAct, now }: Transactions): string {
  const { items, nextCursor } = page;
  const older =
    nextCursor === null
      ? ''
      : html`<a class="button" rel="next" href="/console/transactions${queryOf(filter, { cursor: nextCursor })}">Older</a>`;
  const newest = isLater ? html`<a class="button" href="/console/transactions${queryOf(filter)}">Newest</a>` : '';
  const isTickable = mayAct && offered(filter).length > 0;
  const body = items.length === 0 ? nothing(filter, nextCursor !== null) : table(items, isTickable, now);
  const paging = html`<nav class="paging" aria-label="Pages of transactions">!${newest} !${older}</nav>`;
  return isTickable && items.length > 0
    ? html`<form method="get" action="/console/acts">!${hiddenFilter(filter)}!${body}!${chooser(filter)}</form>!${paging}`
    : html`!${body}!${paging}`;
}

const nothing = (filter: Filter, hasOlder: boolean): string =>
  hasOlder
    ? html`<p class="nothing">None among the newest that were read. Older ones are further down.</p>`
    : isEmpty(filter)
      ? html`<p class="nothing">No transaction yet. The first POST, PUT, PATCH or DELETE to the northbound listener appears here.</p>`
      : html`<p class="nothing">None matches.</p>`;

export function table(items: readonly TransactionView[], isTickable: boolean, now: number): string {
  const tick = (id: string): string =>
    html`<td class="tick"><input type="checkbox" id="tick-${id}" name="id" value="${id}" aria-label="Choose ${id}"></td>`;
  const row = (transaction: TransactionView): string => {
    const { id, status, method, path, client, receivedAt, settledAt, attempts, responseStatus, reason } = transaction;
    const took = settledAt === null ? now - Date.parse(receivedAt) : Date.parse(settledAt) - Date.parse(receivedAt);
    return html`<tr id="t-${id}">!${isTickable ? tick(id) : ''}<td>!${statusBadge(status)}</td><td class="what"><a class="mono" href="/console/transactions/${id}"><b>${method}</b> ${path}</a><span class="reason">${status === 'completed' ? '' : (reason ?? '')}</span></td><td class="wide-only client" title="${client}">${client}</td><td class="number">!${moment(receivedAt, now)}</td><td class="number wide-only">${duration(took)}</td><td class="number wide-only">${attempts.length}</td><td class="number wide-only">${responseStatus ?? '–'}</td></tr>`;
  };
  return html`
<table class="cards">
<thead><tr>!${isTickable ? html`<td class="tick"></td>` : ''}<th scope="col">Status</th><th scope="col">Request</th><th scope="col" class="wide-only">Client</th><th scope="col" class="number">Received (UTC)</th><th scope="col" class="number wide-only">Took</th><th scope="col" class="number wide-only">Attempts</th><th scope="col" class="number wide-only">Answer</th></tr></thead>
<tbody>!${items.map(row)}</tbody>
</table>`;
}

const hiddenFilter = (filter: Filter): string =>
  Object.entries(filter)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
    .join('');

/** Of the acts those that a status on the page, or behind the filter, may allow. */
const offered = ({ status }: Filter): readonly Act[] =>
  acts.filter(({ on, among }) => on === 'transactions' && (status === '' || among.includes(status)));

const chooser = (filter: Filter): string => html`
<fieldset class="chooser">
<legend>Act on</legend>
<label><input type="radio" id="which-ticked" name="which" value="ticked" checked> those that are ticked</label>
<label><input type="radio" id="which-all" name="which" value="all"> all that match${isEmpty(filter) ? '' : ' the filter'}, on every page</label>
<span class="acts">!${offered(filter).map(({ name, verb }) => html`<button name="act" value="${name}">${verb}…</button>`)}</span>
</fieldset>`;
