/** A recorded request or answer, set legibly, credentials masked. Long lines scroll inside; the page never does sideways. */
import { html } from 'ghtml';
import type { Legible } from '../ops/legible.ts';

const formNames = { xml: 'XML', json: 'JSON', text: 'text', none: 'no body' } as const;

/** Null: there is none to show. */
export function messageView(id: string, title: string, message: Legible | null): string {
  const heading = html`<h2 id="${id}">${title}</h2>`;
  if (message === null) {
    return html`<section aria-labelledby="${id}">!${heading}<p class="quiet-text">None is recorded.</p></section>`;
  }
  const { head, body, form, bodyBytes, isCut } = message;
  const cut = html`<p class="quiet-text">Longer than is shown here; the ops API gives all of it.</p>`;
  return html`
<section aria-labelledby="${id}">
<div class="heading">!${heading}<span class="aside">${formNames[form]}!${form === 'none' ? '' : html`, ${bodyBytes.toLocaleString('en')} bytes`}</span></div>
<pre tabindex="0" role="region" aria-label="${title}: head"><code>${head}</code></pre>
!${body === '' ? '' : html`<pre tabindex="0" role="region" aria-label="${title}: body"><code>${body}</code></pre>`}
!${isCut ? cut : ''}
</section>`;
}
