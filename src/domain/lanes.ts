/**
 * Where a transaction stands among others: its lane, and the groups that rule R9 makes it wait for.
 * Invariant: order is the journal's sequence, never a clock (R10). Names here are data for the journal's indexes;
 * the journal knows nothing of their meaning.
 */

/** The resource a transaction is about. `ancestors` are the lanes of the resources that contain it, outermost first. */
export interface Place {
  readonly lane: string;
  readonly ancestors: readonly string[];
  /** Resource type in the plural as in ESC's paths (`tenants`, `images`, `deployments`), or `other`. */
  readonly resourceType: string;
}

/** Replayed before deployments (R9), which name them in their bodies. */
const neededByDeployments: readonly string[] = ['images', 'flavors'];

/** The groups in which a held or unacknowledged transaction of this place is listed for others to wait for (R9). */
export function groupsOf(place: Place): string[] {
  const groups = [`at:${place.lane}`, ...place.ancestors.map((ancestor) => `under:${ancestor}`)];
  if (neededByDeployments.includes(place.resourceType)) groups.push(`type:${place.resourceType}`);
  return groups;
}

/**
 * The groups that must hold no earlier transaction before one of this place is sent (R9): those on an ancestor;
 * for a DELETE also those on descendants; for a deployment also images and flavors.
 */
export function waitsFor(place: Place, method: string): string[] {
  const groups = place.ancestors.map((ancestor) => `at:${ancestor}`);
  if (method === 'DELETE') groups.push(`under:${place.lane}`);
  if (place.resourceType === 'deployments') groups.push(...neededByDeployments.map((type) => `type:${type}`));
  return groups;
}
