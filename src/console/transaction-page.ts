/** One transaction: where it stands, what can be done, its story as a time line, its request and its answer. */
import { html } from 'ghtml';
import type { Legible } from '../ops/legible.ts';
import { type StoryEvent, sentence } from '../ops/story.ts';
import type { TransactionView } from '../ops/transaction-view.ts';
import { actsOn } from './acts.ts';
import { messageView } from './message-view.ts';
import { ago, dayOf, duration, exactly, moment } from './moments.ts';
import { statusBadge, statusWords } from './words.ts';

export interface TransactionStory {
  readonly transaction: TransactionView;
  readonly story: readonly StoryEvent[];
  readonly request: Legible | null;
  readonly response: Legible | null;
  readonly mayAct: boolean;
  readonly now: number;
}

/** What changes. */
export const transactionState = ({ transaction, story, mayAct, now }: TransactionStory): string => html`
<section class="headline" aria-labelledby="request-line">
<p>!${statusBadge(transaction.status)} <span class="aside">${transaction.operation ?? 'unknown to the catalogue'}</span></p>
<h1 id="request-line" class="mono"><b>${transaction.method}</b> ${transaction.path}</h1>
<p>${statusWords[transaction.status].meaning} ${sentence(transaction.reason ?? '')}</p>
!${transaction.replayOrderedAt === null ? '' : html`<p class="notice wait">A replay is ordered and waits for its turn.</p>`}
!${mayAct ? actLinks(transaction) : ''}
</section>
!${facts(transaction, now)}
<section aria-labelledby="story">
<h2 id="story">What happened</h2>
!${storyList(story, now)}
</section>`;

/** What does not. */
export const transactionMessages = ({ request, response }: TransactionStory): string => html`
<div class="messages">
!${messageView('request', 'Request', request)}
!${messageView('response', 'ESC’s answer', response)}
</div>`;

function actLinks(transaction: TransactionView): string {
  const links = actsOn(transaction).map(({ name, verb }) => {
    const query = new URLSearchParams({ act: name, id: transaction.id });
    return html`<a class="button" href="/console/acts?${query.toString()}">${verb}…</a>`;
  });
  return links.length === 0 ? '' : html`<p class="acts">!${links}</p>`;
}

function facts(transaction: TransactionView, now: number): string {
  const { id, client, lane, receivedAt, settledAt, idempotencyKey, escTransactionId, ack, sent, owner } = transaction;
  const took = (settledAt === null ? now : Date.parse(settledAt)) - Date.parse(receivedAt);
  const rows: [string, string][] = [
    ['Id', html`<span class="mono">${id}</span>`],
    ['Received', html`!${moment(receivedAt, now)} UTC, ${ago(receivedAt, now)}`],
    [settledAt === null ? 'Open for' : 'Took', duration(took)],
    ['Reached ESC', { no: 'no', maybe: 'maybe', yes: 'yes' }[sent]],
    ['Client', html`${client}`],
    ['Lane', html`<a href="/console/transactions?${new URLSearchParams({ lane }).toString()}">${lane}</a>`],
    ['ESC’s id', html`<span class="mono">${escTransactionId ?? 'none'}</span>`],
    ['Key', html`<span class="mono">${idempotencyKey ?? 'none'}</span>`],
    [
      'Known to be done by',
      {
        answer: 'its answer',
        report: 'ESC’s report',
        resource: 'looking at the resource',
        occurrence: 'its occurrence',
      }[ack],
    ],
    ['Answer for the client', html`${transaction.responseStatus ?? 'none yet'}`],
    ['Looked after by', html`<span class="mono">${owner}</span>`],
  ];
  return html`<section aria-label="Facts"><dl class="facts wide">!${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>!${value}</dd></div>`)}</dl></section>`;
}

function storyList(story: readonly StoryEvent[], now: number): string {
  const first = story[0]?.at ?? now;
  const item = ({ at, title, detail, mood, epoch }: StoryEvent): string => html`
<li class="${mood}"><span class="when">!${exactly(at)} <span class="aside">+${duration(at - first)}</span></span><span class="what"><strong>${title}</strong>!${epoch === null ? '' : html` <span class="epoch">epoch ${epoch}</span>`}<span class="detail">${detail}</span></span></li>`;
  return html`<p class="quiet-text">${dayOf(first)}, UTC</p><ol class="story">!${story.map(item)}</ol>`;
}
