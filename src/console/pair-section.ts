/** VIP and nodes side by side: role, health, and code and stage in words. */
import { html } from 'ghtml';
import type { PairView } from '../ops/pair-view.ts';
import { duration } from './moments.ts';
import { badge, healthSentence, healthTone } from './words.ts';

export function pairSection(pair: PairView, now: number): string {
  const { vip, vipHealth, nodes } = pair;
  return html`
<section aria-labelledby="pair">
<h2 id="pair">The pair</h2>
<ul class="pair">
<li class="${healthTone[vipHealth.health]}"><h3>VIP</h3><p class="address">${vip}</p>!${healthOf(vipHealth, now)}</li>
!${nodes.map((node) => nodeCard(node, now))}
</ul>
!${nodes.length === 0 ? html`<p class="notice wait">esc.nodes is empty: a role that moves without a failed probe may go unnoticed.</p>` : ''}
</section>`;
}

type Node = PairView['nodes'][number];

/** A standby that is not ready is well: it serves nothing. */
function nodeCard(node: Node, now: number): string {
  const { role, address, health, message } = node;
  const heading = html`<h3>${{ active: 'Active', standby: 'Standby', unknown: 'Role not known' }[role]}</h3><p class="address">${address}</p>`;
  if (role !== 'standby' || health === 'ready') {
    const tone = role === 'unknown' ? 'bad' : healthTone[health];
    return html`<li class="${tone}">!${heading}!${healthOf(node, now)}</li>`;
  }
  return html`<li class="off">!${heading}<p>!${badge('off', 'stands by')} !${lasting(node, now)}</p><p class="quiet-text">A standby serves nothing, as it should be (${message}).</p></li>`;
}

const healthOf = (observed: PairView['vipHealth'], now: number): string =>
  html`<p>!${badge(healthTone[observed.health], observed.health)} !${lasting(observed, now)}</p><p class="quiet-text">${healthSentence(observed)}</p>`;

const lasting = ({ since }: PairView['vipHealth'], now: number): string =>
  Date.parse(since) === 0 ? '' : html`<span class="aside">for ${duration(now - Date.parse(since))}</span>`;
