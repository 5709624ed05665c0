// The database of the pair: committed resources, replicated, so that both nodes see one store. Rows are never changed in
// place, so a fork (an isolated node's own copy, thrown away later) costs one map. No transaction, timer or callback is
// ever in here: those die with the active node.
import type { Element } from './xml.ts';

export type ResourceType = 'tenant' | 'network' | 'subnet' | 'image' | 'flavor' | 'volume' | 'deployment';

export type Verb =
  | 'create'
  | 'update'
  | 'delete'
  | 'start'
  | 'stop'
  | 'reboot'
  | 'enable-monitor'
  | 'disable-monitor'
  | 'recover';

export type ResourceState =
  | { is: 'active' }
  | { is: 'stopped' }
  | { is: 'error' }
  | { is: 'in-progress'; verb: Verb; before: 'active' | 'stopped' | 'error' | undefined };

export type VirtualMachine = { name: string; group: string; uuid: string };

export type Resource = {
  readonly id: string;
  readonly type: ResourceType;
  readonly tenant: string;
  /** The network of a subnet. */
  readonly network: string | undefined;
  readonly state: ResourceState;
  /** The request's body, shown again when the resource is read. */
  readonly content: Readonly<Element>;
  readonly externalId: string;
  readonly machines: readonly VirtualMachine[];
  /** Where unsolicited events of a deployment go. */
  readonly eventsUrl: string | undefined;
  /** The body of the last update, if it failed. */
  readonly failedUpdate: string | undefined;
  /** ESC's id of the request that made it. */
  readonly transaction: string;
};

/** The built-in admin tenant, which is always there (reference/esc.md 1.3). */
export const adminTenant = 'SystemAdminTenantId';

const builtIn: Resource = {
  id: adminTenant,
  type: 'tenant',
  tenant: adminTenant,
  network: undefined,
  state: { is: 'active' },
  content: { name: 'admin' },
  externalId: '00000000-0000-4000-8000-000000000000',
  machines: [],
  eventsUrl: undefined,
  failedUpdate: undefined,
  transaction: '',
};

type Undo = { id: string; before: Resource | undefined };

export class ResourceStore {
  #rows: Map<string, Resource>;
  /** The last commits, newest last, for a standby that lags behind. */
  readonly #undo: Undo[] = [];
  readonly #lagCommits: number;

  constructor(lagCommits = 0, rows: ReadonlyMap<string, Resource> = new Map([[adminTenant, builtIn]])) {
    this.#lagCommits = lagCommits;
    this.#rows = new Map(rows);
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): Resource | undefined {
    return this.#rows.get(id);
  }

  all(): Resource[] {
    return [...this.#rows.values()];
  }

  /** Resources of one type, in one tenant or in all. */
  list(type: ResourceType, tenant?: string): Resource[] {
    return this.all().filter((row) => row.type === type && (tenant === undefined || row.tenant === tenant));
  }

  /** The resource of a type and id, if it stands under the tenant and network that are named. */
  find(
    type: ResourceType,
    { id = '', tenant, network }: { id?: string; tenant?: string; network?: string },
  ): Resource | undefined {
    const row = this.#rows.get(id);
    if (row?.type !== type || (tenant !== undefined && row.tenant !== tenant)) return undefined;
    return network === undefined || row.network === network ? row : undefined;
  }

  /** Whether something stands that cannot be without this resource. */
  hasDependents(resource: Resource): boolean {
    if (resource.type !== 'tenant' && resource.type !== 'network') return false;
    for (const row of this.#rows.values()) {
      if (row.id === resource.id) continue;
      if (resource.type === 'tenant' ? row.tenant === resource.id : row.network === resource.id) return true;
    }
    return false;
  }

  commit(resource: Resource): void {
    this.#remember(resource.id);
    this.#rows.set(resource.id, resource);
  }

  remove(id: string): void {
    this.#remember(id);
    this.#rows.delete(id);
  }

  /** A copy that goes its own way: what an isolated node writes after replication ended. */
  fork(): ResourceStore {
    return new ResourceStore(0, this.#rows);
  }

  /** Takes back the commits that had not reached the standby. */
  loseUnreplicated(): void {
    for (const { id, before } of this.#undo.splice(0).reverse()) {
      if (before) this.#rows.set(id, before);
      else this.#rows.delete(id);
    }
  }

  #remember(id: string): void {
    if (this.#lagCommits === 0) return;
    this.#undo.push({ id, before: this.#rows.get(id) });
    if (this.#undo.length > this.#lagCommits) this.#undo.shift();
  }
}
