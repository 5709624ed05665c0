/** What was done, said on the page that follows. Words and numbers only: nothing of the query is shown as it came. */
import { html } from 'ghtml';
import { acts } from './acts.ts';
import { textOf } from './filter.ts';
import { many } from './words.ts';

/** For the address of the page that follows an act. */
export const doneQuery = (act: string, done: number, refused: number): Record<string, string> => ({
  done: act,
  count: String(done),
  ...(refused === 0 ? {} : { refused: String(refused) }),
});

/** Empty where nothing was done. */
export function doneNotice(query: unknown): string {
  const act = acts.find(({ name }) => name === textOf(query, 'done'));
  if (act === undefined) return '';
  const count = Number(textOf(query, 'count')) || 0;
  const refused = Number(textOf(query, 'refused')) || 0;
  const what =
    act.on === 'gate'
      ? 'The gate is'
      : act.on === 'transactions'
        ? many(count, 'transaction is', 'transactions are')
        : many(count, 'dead letter is', 'dead letters are');
  const more =
    refused === 0
      ? ''
      : ` ${many(refused, 'was', 'were')} refused, because the status had changed; the audit says which.`;
  return html`<p class="notice ${refused === 0 ? 'good' : 'wait'}" role="status">${what} ${act.done}.${more}</p>`;
}
