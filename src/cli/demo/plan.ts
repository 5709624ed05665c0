/**
 * What is sent when, from the number of deployments alone: a quiet beginning, then one wave for each of three switchovers. A wave has
 * requests that are in ESC's hands when it goes away, some that come while nobody answers, and a new tenant's whole
 * chain that comes while the gate is shut. Pure.
 */
import { deploymentOrder, networkOrder, type Order, subnetOrder, tenantOrder } from './bodies.ts';

/**
 * Where a request is when ESC goes away: `not-stored` in ESC's hands and not in its database yet, `stored` in the database
 * and not answered, `accepted` answered while ESC works on it.
 */
export type Place = 'not-stored' | 'stored' | 'accepted';

export interface Wave {
  readonly inFlight: readonly { readonly order: Order; readonly place: Place }[];
  /** The one that ESC dies on, or one more that waits in ESC where it goes away as planned. */
  readonly last: Order;
  /** Sent when ESC is gone and the gateway has not noticed. */
  readonly intoTheVoid: readonly Order[];
  /** Sent when the gate is shut, one after the other without waiting for answers: order is the gateway's business. */
  readonly newcomer: readonly Order[];
}

export interface Plan {
  /** One list a tenant: each request waits for the answer of the one before it. */
  readonly beginning: readonly (readonly Order[])[];
  readonly waves: readonly [Wave, Wave, Wave];
}

export const vnfsMin = 8;
export const vnfsMax = 500;
const tenantsMax = 16;
const wavesCount = 3;
/** Fewer than the gateway's connections to ESC, so that every one of them is really in ESC's hands. */
const inFlightMax = 24;
const places: readonly Place[] = ['accepted', 'stored', 'not-stored', 'accepted'];
/** So that 200 deployments make about 1,000 transactions. */
const networksPerDeployment = 2;

/** `vnfs` from `vnfsMin` to `vnfsMax` deployments altogether. */
export function planOf(vnfs: number): Plan {
  const tenants = Math.min(Math.max(2, Math.ceil(vnfs / 6)), tenantsMax);
  const inBeginning = Math.max(tenants, Math.floor(vnfs / 6));
  const networks = Math.ceil((networksPerDeployment * vnfs) / tenants);
  const share = (vnfs - inBeginning) / wavesCount;
  const tenantOf = (number: number): string => nameOf('tenant', (number % tenants) + 1, 2);
  const deploymentAt = (index: number): Order => {
    const tenant = tenantOf(index);
    return deploymentOrder(tenant, networkName(tenant, 1), nameOf('vnf', index + 1, 3));
  };
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

  const beginning = range(0, tenants).map((number) => {
    const own = range(0, inBeginning).filter((index) => index % tenants === number);
    return [...tenantWithNetworks(tenantOf(number), networks), ...own.map(deploymentAt)];
  });
  const wave = (number: number): Wave => {
    const from = inBeginning + Math.ceil(share * number);
    const to = inBeginning + Math.ceil(share * (number + 1));
    return waveOf(range(from, to), deploymentAt, nameOf('tenant', tenants + 1 + number, 2));
  };
  return { beginning, waves: [wave(0), wave(1), wave(2)] };
}

/** Of a wave's deployments the last is the new tenant's; a quarter of the others come too late to be in flight. */
function waveOf(indexes: readonly number[], deploymentAt: (index: number) => Order, newTenant: string): Wave {
  const newest = indexes.at(-1) ?? 0;
  const others = indexes.slice(0, -1).map(deploymentAt);
  const inFlightCount = Math.min(Math.ceil(others.length * 0.75), inFlightMax);
  const [last = deploymentAt(newest), ...inFlight] = others.slice(0, inFlightCount);
  const network = networkName(newTenant, 1);
  return {
    inFlight: inFlight.map((order, index) => ({ order, place: places[index % places.length] ?? 'accepted' })),
    last,
    intoTheVoid: others.slice(inFlightCount),
    newcomer: [
      tenantOrder(newTenant),
      networkOrder(newTenant, network),
      subnetOrder(newTenant, network, `${network}-v4`),
      deploymentOrder(newTenant, network, nameOf('vnf', newest + 1, 3)),
    ],
  };
}

const networkName = (tenant: string, number: number): string => nameOf(`${tenant}-net`, number, 2);

function tenantWithNetworks(tenant: string, count: number): Order[] {
  const networks = Array.from({ length: count }, (_, index) => networkName(tenant, index + 1));
  return [
    tenantOrder(tenant),
    ...networks.flatMap((network) => [networkOrder(tenant, network), subnetOrder(tenant, network, `${network}-v4`)]),
  ];
}

const nameOf = (what: string, number: number, digits: number): string =>
  `${what}-${String(number).padStart(digits, '0')}`;
