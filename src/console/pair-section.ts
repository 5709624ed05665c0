/** VIP and nodes side by side: role, health, and code and stage in words. */
import { html } from 'ghtml';
import type { PairView } from '../ops/pair-view.ts';
import { ago } from './moments.ts';
import { badge, healthSentence, healthTone } from './words.ts';

export function pairSection(pair: PairView, now: number): string {
  const { vip, vipHealth, nodes } = pair;
  return html`
<section aria-labelledby="pair">
<h2 id="pair">The pair</h2>
<ul class="pair">
<li class="${healthTone[vipHealth.health]}"><h3>VIP</h3><p class="address">${vip}</p>!${health(vipHealth, now)}</li>
!${nodes.map((node) => nodeCard(node, now))}
</ul>
!${nodes.length === 0 ? html`<p class="notice wait">esc.nodes is empty: a role that moves without a failed probe may go unnoticed.</p>` : ''}
</section>`;
}

type Node = PairView['nodes'][number];

/** A standby that is not ready is well: it serves nothing. */
function nodeCard(node: Node, now: number): string {
  const { role, address } = node;
  const tone = role === 'active' ? healthTone[node.health] : role === 'standby' ? 'off' : 'bad';
  const label = { active: 'active', standby: 'standby', unknown: 'not heard of' }[role];
  return html`<li class="${tone}"><h3>${label}</h3><p class="address">${address}</p>!${health(node, now, role === 'standby')}</li>`;
}

function health(observed: PairView['vipHealth'], now: number, isStandby = false): string {
  const tone = isStandby ? 'off' : healthTone[observed.health];
  const since = Date.parse(observed.since) === 0 ? '' : ago(observed.since, now).replace(' ago', '');
  return html`<p>!${badge(tone, observed.health)} <span class="aside">${since === '' ? '' : `for ${since}`}</span></p><p class="quiet-text">${healthSentence(observed)}</p>`;
}
