/** Who did what, and why: the newest acts that this replica remembers. */
import { html } from 'ghtml';
import type { AuditEntry } from '../ops/audit.ts';
import { moment } from './moments.ts';
import { badge } from './words.ts';

const actWords: Readonly<Record<string, string>> = {
  replayTransaction: 'Replay',
  cancelTransaction: 'Cancel',
  resolveTransaction: 'Resolve',
  resendDeadLetter: 'Send dead letter again',
  setGate: 'Gate',
  reportObservation: 'Notify script',
  logIn: 'Log in',
  logOut: 'Log out',
};

export function auditPage(entries: readonly AuditEntry[], now: number): string {
  const row = ({ at, who, act, target, detail, status }: AuditEntry): string => {
    const { reason, rest } = askedOf(detail);
    const outcome = status < 400 ? badge('good', 'done') : badge('bad', `refused ${status}`);
    return html`<tr><td class="number">!${moment(at, now)}</td><td>${who}</td><td><strong>${actWords[act] ?? act}</strong> ${rest}</td><td class="what">!${target === null ? '' : targetLink(act, target)}</td><td class="why">${reason}</td><td>!${outcome}</td></tr>`;
  };
  return html`
<h1>Audit</h1>
<p>The newest acts since this replica started. Its log has all of them, for good.</p>
!${
    entries.length === 0
      ? html`<p class="nothing">Nobody has done anything yet.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="Acts"><table>
<thead><tr><th scope="col" class="number">When (UTC)</th><th scope="col">Who</th><th scope="col">Act</th><th scope="col">On</th><th scope="col">Why</th><th scope="col">Outcome</th></tr></thead>
<tbody>!${entries.map(row)}</tbody>
</table></div>`
  }`;
}

const targetLink = (act: string, target: string): string =>
  act === 'resendDeadLetter'
    ? html`<a class="mono" href="/console/dead-letters">${target}</a>`
    : html`<a class="mono" href="/console/transactions/${target}">${target}</a>`;

/** What was asked, apart from the reason. The detail is JSON that may be cut off. */
function askedOf(detail: string | null): { reason: string; rest: string } {
  if (detail === null) return { reason: '', rest: '' };
  try {
    const { reason = '', note = '', ...rest } = JSON.parse(detail) as Record<string, unknown>;
    return { reason: String(reason || note), rest: Object.values(rest).map(String).join(' ') };
  } catch {
    return { reason: detail, rest: '' };
  }
}
