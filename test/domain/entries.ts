// Entries of a lane table as few words as possible, and their groups as `domain/lanes.ts` gives them.
import type { Entry } from '../../src/domain/lane-table.ts';
import { groupsOf, type Place, waitsFor } from '../../src/domain/lanes.ts';

export const tenant: Place = { lane: '/t', ancestors: [], resourceType: 'tenants' };
export const network: Place = { lane: '/t/n', ancestors: ['/t'], resourceType: 'networks' };
export const subnet: Place = { lane: '/t/n/s', ancestors: ['/t', '/t/n'], resourceType: 'subnets' };
export const deployment: Place = { lane: '/t/d', ancestors: ['/t'], resourceType: 'deployments' };
export const image: Place = { lane: '/i', ancestors: [], resourceType: 'images' };
export const flavor: Place = { lane: '/f', ancestors: [], resourceType: 'flavors' };
export const places: readonly Place[] = [tenant, network, subnet, deployment, image, flavor];

export const entry = (sequence: number, place: Place, method = 'POST'): Entry => ({
  id: `t${sequence}`,
  sequence,
  lane: place.lane,
  groups: groupsOf(place),
  waitsFor: waitsFor(place, method),
});
