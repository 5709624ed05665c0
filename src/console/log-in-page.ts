/** The log-in, the one page for who is not known. The token goes by POST, once, and into no URL. */
import { html } from 'ghtml';

export const logInPage = ({ next, problem }: { next: string; problem: string | null }): string => html`
<section class="log-in" aria-labelledby="log-in">
<h1 id="log-in">Northgate</h1>
<p>The web console of this gateway. Log in with your token of <code>ops.tokens</code>.</p>
!${problem === null ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<form method="post" action="/console/log-in">
<input type="hidden" name="next" value="${next}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" maxlength="512" required autofocus>
<button class="primary">Log in</button>
</form>
</section>`;
