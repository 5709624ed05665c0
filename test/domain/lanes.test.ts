// Who is listed where and waits for what (R9), by the pairs that the rule names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupsOf, type Place, waitsFor } from '../../src/domain/lanes.ts';
import { deployment, flavor, image, network, places, subnet, tenant } from './entries.ts';

const waits = (later: Place, method: string, earlier: Place): boolean =>
  groupsOf(earlier).some((group) => waitsFor(later, method).includes(group));

/** Of each later one: the earlier ones that it waits for beyond its lane. */
const rule: [later: Place, method: string, earlier: Place[]][] = [
  [tenant, 'POST', []],
  [tenant, 'PUT', []],
  [tenant, 'DELETE', [network, subnet, deployment]],
  [network, 'POST', [tenant]],
  [network, 'DELETE', [tenant, subnet]],
  [subnet, 'POST', [tenant, network]],
  [subnet, 'DELETE', [tenant, network]],
  [deployment, 'POST', [tenant, image, flavor]],
  [deployment, 'DELETE', [tenant, image, flavor]],
  [image, 'POST', []],
  [image, 'DELETE', []],
  [flavor, 'POST', []],
];

const names = (listed: readonly Place[]): string => listed.map(({ resourceType }) => resourceType).join(', ') || 'none';

for (const [later, method, earlier] of rule) {
  test(`R9 ${method} on ${later.resourceType} waits for earlier ones on: ${names(earlier)}`, () => {
    assert.equal(names(places.filter((other) => waits(later, method, other))), names(earlier));
  });
}

test('R9 a sibling, or a namesake elsewhere, is not waited for', () => {
  const elsewhere: Place = { lane: '/u/n', ancestors: ['/u'], resourceType: 'networks' };
  for (const method of ['POST', 'DELETE']) {
    assert.equal(waits(elsewhere, method, network), false);
    assert.equal(waits(network, method, deployment), false);
    assert.equal(waits(tenant, method, elsewhere), false);
  }
});

test('R9 groups of a lane that looks like the name of another kind of group stay apart', () => {
  const odd: Place = { lane: 'images', ancestors: [], resourceType: 'other' };
  assert.equal(waits(deployment, 'POST', odd), false);
});
