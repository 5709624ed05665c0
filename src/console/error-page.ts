/** What went wrong, and what to do, as a page. */
import { html } from 'ghtml';
import { type GatewayError, type ProblemCode, problems } from '../domain/problem.ts';

const whatToDo: Partial<Record<ProblemCode, string>> = {
  'not-found':
    'Settled transactions are removed after journal.retention. Search by another id, or look in the gateway’s log.',
  forbidden: 'Nothing was done. If you need to act, ask for a token with the role operator.',
  conflict: 'Somebody or something else was faster. Look at it as it is now, then decide again.',
  'journal-unavailable':
    'New requests are refused meanwhile, and nothing that was accepted is lost. Check that the journal’s disk or Redis is up and can be reached; this page works again once it answers.',
  'rate-limited': 'Wait a minute, then try again.',
  'invalid-request': 'Go back and correct it.',
  internal: 'The gateway goes on. Look into its log for what happened, and report it.',
};

export const errorPage = (error: GatewayError): string => html`
<section class="problem" aria-labelledby="problem">
<p class="figure">${error.status}</p>
<h1 id="problem">${problems[error.code].title}</h1>
<p>${error.details.detail}</p>
<p>${whatToDo[error.code] ?? 'Go back and try again.'}</p>
<p><a class="button" href="/console/">To the overview</a>
!${error.details.transaction === undefined ? '' : html`<a class="button" href="/console/transactions/${error.details.transaction}">To the transaction</a>`}</p>
</section>`;
