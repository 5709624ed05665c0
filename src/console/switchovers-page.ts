/** Past switchovers and the one under way: how long the pair was away, and what it cost. */
import { html } from 'ghtml';
import type { SwitchoverView } from '../ops/pair-view.ts';
import { duration, moment } from './moments.ts';
import { badge, causeWords } from './words.ts';

export const between = (from: string, to: string | null): string =>
  to === null ? '–' : duration(Date.parse(to) - Date.parse(from));

export const switchoverBadge = ({ readyAt, recoveredAt }: SwitchoverView): string =>
  readyAt === null
    ? badge('bad', 'pair not ready')
    : recoveredAt === null
      ? badge('wait', 'catching up')
      : badge('good', 'recovered');

export function switchoversPage(switchovers: readonly SwitchoverView[], now: number): string {
  const row = (switchover: SwitchoverView): string => {
    const { epoch, cause, detectedAt, readyAt, recoveredAt, from, to } = switchover;
    return html`<tr><th scope="row"><a href="/console/switchovers/${epoch}">${epoch}</a></th><td>!${switchoverBadge(switchover)}</td><td class="number">!${moment(detectedAt, now)}</td><td class="wide-only">${causeWords[cause]}</td><td class="wide-only">${from ?? '?'} → ${to ?? '?'}</td><td class="number">${between(detectedAt, readyAt)}</td><td class="number wide-only">${between(detectedAt, recoveredAt)}</td><td class="number wide-only">${switchover.held}</td><td class="number">${switchover.replayed}</td><td class="number wide-only">${switchover.reconciled}</td></tr>`;
  };
  return html`
<h1>Switchovers</h1>
!${
    switchovers.length === 0
      ? html`<p class="nothing">None since this journal began.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="Switchovers"><table>
<thead><tr><th scope="col">Epoch</th><th scope="col">State</th><th scope="col" class="number">Noticed (UTC)</th><th scope="col" class="wide-only">Why</th><th scope="col" class="wide-only">Roles</th><th scope="col" class="number">Ready after</th><th scope="col" class="number wide-only">Recovered after</th><th scope="col" class="number wide-only">Held</th><th scope="col" class="number">Replayed</th><th scope="col" class="number wide-only">Reconciled</th></tr></thead>
<tbody>!${switchovers.map(row)}</tbody>
</table></div>`
  }`;
}
