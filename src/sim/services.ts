// The services of an ESC node and the order in which they start, from the user-data's `depend_on`. Pure: which service
// runs is a function of how far the start has come. It does not start anything.

/** A service as esc-config.yaml describes it. `depend_on` may name a state (`drbd:active`); only the service counts. */
export type Service = { depend_on?: string | readonly string[]; startup?: boolean };
export type ServiceGraph = Readonly<Record<string, Service>>;

/** The services of the HA chapter's user-data (`ha-chapter-ja.txt`), with its `pgsq1` read as `pgsql`. */
export const chapterServices: ServiceGraph = {
  keepalived: {},
  drbd: { depend_on: 'keepalived' },
  filesystem: { depend_on: 'drbd:active' },
  pgsql: { depend_on: 'filesystem' },
  mona: { depend_on: 'filesystem' },
  vimmanager: { depend_on: 'filesystem' },
  confd: { depend_on: 'filesystem' },
  escmanager: { depend_on: ['pgsql', 'mona', 'vimmanager'] },
  etsi: { depend_on: 'pgsql', startup: false },
  portal: { depend_on: 'escmanager', startup: false },
  snmp: { startup: false },
};

/** The services a service waits for, without the state that may follow the name. */
export function dependenciesOf(service: Service): string[] {
  const named = service.depend_on ?? [];
  return (typeof named === 'string' ? [named] : [...named]).map((name) => name.split(':')[0] ?? name);
}

/** Names of the services that start, each after those it depends on. Throws on an unknown name or a cycle. */
export function startOrder(graph: ServiceGraph): string[] {
  const order: string[] = [];
  const visiting = new Set<string>();
  const visit = (name: string, wantedBy: string): void => {
    const service = graph[name];
    if (!service) throw new Error(`services.${wantedBy}.depend_on names "${name}", which is not a service`);
    if (order.includes(name)) return;
    if (visiting.has(name)) throw new Error(`services.${name}.depend_on goes round in a circle`);
    visiting.add(name);
    for (const dependency of dependenciesOf(service)) visit(dependency, name);
    visiting.delete(name);
    order.push(name);
  };
  for (const [name, service] of Object.entries(graph)) if (service.startup !== false) visit(name, name);
  return order;
}

/** The services that run when `share` (0 to 1) of the start is over. All run at 1. */
export function runningServices(order: readonly string[], share: number): string[] {
  return order.slice(0, Math.floor(Math.min(Math.max(share, 0), 1) * order.length));
}
