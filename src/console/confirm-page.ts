/** Before an act: how many it is on, which ones, what it means, and why it is done. What is counted here is what is acted on. */
import { html } from 'ghtml';
import type { Act } from './acts.ts';
import { many } from './words.ts';

export interface Target {
  readonly id: string;
  /** Markup that tells a person what it is. */
  readonly shown: string;
}

export interface Confirmation {
  readonly act: Act;
  readonly targets: readonly Target[];
  /** Chosen, but their status forbids it. */
  readonly leftOut: number;
  /** False: more match than can be acted on at once. */
  readonly isAll: boolean;
  readonly formToken: string;
  readonly back: string;
  readonly problem: string | null;
}

export const reasonMaxChars = 500;
const shownMax = 20;

const nouns = { transactions: 'transaction', 'dead-letters': 'dead letter', gate: 'the gate' } as const;

const objectOf = (act: Act, count: number): string => (act.on === 'gate' ? nouns.gate : many(count, nouns[act.on]));

/** Such as "Resolve 2 transactions as completed". */
const phraseOf = (act: Act, count: number): string =>
  act.verb.replace(/^\S+/, (verb) => `${verb} ${objectOf(act, count)}`);

export const confirmTitle = ({ act, targets }: Pick<Confirmation, 'act' | 'targets'>): string =>
  `${phraseOf(act, targets.length)}?`;

export function confirmPage(confirmation: Confirmation): string {
  const { act, targets, leftOut, isAll, formToken, back, problem } = confirmation;
  const has = act.on === 'gate' || targets.length > 0;
  const listed = targets.slice(0, shownMax);
  return html`
<section class="confirm" aria-labelledby="confirm">
<h1 id="confirm">!${has ? html`${confirmTitle(confirmation)}` : html`${act.verb}: nothing to act on`}</h1>
<p>${has ? act.means : 'None of what was chosen is in a status that allows it.'}</p>
!${leftOut === 0 ? '' : html`<p class="notice wait">${many(leftOut, 'chosen one is', 'chosen ones are')} left out: the status does not allow it.</p>`}
!${isAll ? '' : html`<p class="notice wait">More match than can be acted on at once. These are the first; do it again for the rest.</p>`}
!${listed.length === 0 ? '' : html`<ul class="targets">!${listed.map(({ shown }) => html`<li>!${shown}</li>`)}</ul>`}
!${targets.length > shownMax ? html`<p>and ${targets.length - shownMax} more</p>` : ''}
!${problem === null ? '' : html`<p class="notice bad" role="alert" id="problem">${problem}</p>`}
!${has ? form({ act, targets, formToken, back, problem }) : html`<p><a class="button" href="${back}">Back</a></p>`}
</section>`;
}

function form({ act, targets, formToken, back, problem }: Omit<Confirmation, 'leftOut' | 'isAll'>): string {
  const ids = targets.map(({ id }) => html`<input type="hidden" name="id" value="${id}">`);
  return html`
<form method="post" action="/console/acts">
<input type="hidden" name="form" value="${formToken}">
<input type="hidden" name="act" value="${act.name}">
<input type="hidden" name="back" value="${back}">
!${ids}
<label for="reason">Why? It goes to the audit with your name.</label>
<input id="reason" name="reason" maxlength="${reasonMaxChars}" required autocomplete="off" autofocus !${problem === null ? '' : 'aria-invalid="true" aria-describedby="problem"'}>
<p class="acts"><button class="${act.isGrave ? 'grave' : 'primary'}">${phraseOf(act, targets.length)}</button> <a class="button" href="${back}">Back</a></p>
</form>`;
}
