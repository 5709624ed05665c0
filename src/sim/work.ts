// The asynchronous work behind an accepted request: after a while an effect on the VIM, the final state in the store,
// and the callbacks; in this order, except where a crash between callback and commit is ordered. All of it hangs on the
// node's life and is dropped with it.
import { digest, type Operation } from './admission.ts';
import type { Report } from './callbacks.ts';
import { effectsOf, eventsOf, type Mishap } from './events.ts';
import type { CrashOrder, CrashPoint, Faults } from './faults.ts';
import type { Vim } from './ledger.ts';
import type { Life } from './life.ts';
import type { PairSettings } from './profiles.ts';
import type { Resource, ResourceState } from './resources.ts';

/** What work needs of the pair. */
export type Workplace = {
  settings: PairSettings;
  vim: Vim;
  faults: Faults;
  /** Lets the node die at a crash point; `settled` is the row the work would have ended with, undefined if none. */
  crash: (order: CrashOrder, life: Life, operation: Operation, settled: Resource | undefined) => void;
};

export type Job = {
  operation: Operation;
  transaction: string;
  method: string;
  path: string;
  callback: string | undefined;
};

/** Starts the work. The resource is busy until it ends. */
export function startWork(job: Job, life: Life, workplace: Workplace): void {
  const { resource, scope } = job.operation;
  const { workMs, timeScale } = workplace.settings;
  const kind = scope === 'resource' ? resource.type : 'operation';
  life.busy.add(resource.id);
  life.after(workMs[kind] * timeScale, () => void finishWork(job, life, workplace));
}

async function finishWork(job: Job, life: Life, workplace: Workplace): Promise<void> {
  const { operation } = job;
  const mishap = mishapOf(job, workplace);
  const settled = settledRow(operation, mishap);
  const reports = reportsOf(job, settled ?? operation.resource, mishap);
  const crashesAt = (point: CrashPoint): boolean => {
    const order = life.isAlive ? workplace.faults.takeCrash(point, job) : undefined;
    if (order) workplace.crash(order, life, operation, settled);
    return !life.isAlive;
  };

  if (mishap.failure === undefined) {
    for (const [kind, resourceType, id] of effectsOf(operation)) {
      const { transaction } = job;
      workplace.vim.apply({ at: Date.now(), node: life.node, kind, resourceType, id, transaction });
    }
  }
  if (crashesAt('after-work')) return;
  if (workplace.faults.expectsCrash('after-callback', job)) {
    await life.report(reports);
    if (crashesAt('after-callback')) return;
  }
  if (settled) life.store.commit(settled);
  else life.store.remove(operation.resource.id);
  life.busy.delete(operation.resource.id);
  // Queued first, so that a crash in this turn of the event loop finds the callback waiting and not yet on a socket.
  const reported = life.report(reports);
  if (crashesAt('before-callback')) return;
  await reported;
}

function mishapOf(job: Job, { faults }: Workplace): Mishap {
  const failed = faults.takeFault(job, ({ fault }) => fault === 'work-failure');
  const failure = failed?.fault === 'work-failure' ? (failed.message ?? 'the VIM refused the request') : undefined;
  const [first] = job.operation.resource.machines;
  const isDeploy = job.operation.verb === 'create' && first !== undefined;
  const hasRecovery = isDeploy && faults.takeFault(job, ({ fault }) => fault === 'recovery') !== undefined;
  const recovered = hasRecovery ? { from: first, to: { ...first, uuid: crypto.randomUUID() } } : undefined;
  return { failure, recovered };
}

/** The row an operation ends with; undefined when it ends with none. */
export function settledRow(
  { verb, scope, resource, before, rawBody }: Operation,
  mishap: Mishap,
): Resource | undefined {
  if (mishap.failure !== undefined) {
    if (verb === 'create' || verb === 'delete') return { ...resource, state: { is: 'error' } };
    // A deployment works on after a failed update or action (esc.md 1.8).
    return { ...(before ?? resource), failedUpdate: verb === 'update' ? digest(rawBody) : undefined };
  }
  if (verb === 'delete') return undefined;
  const { recovered } = mishap;
  const machines = recovered
    ? resource.machines.map((each) => (each.name === recovered.from.name ? recovered.to : each))
    : resource.machines;
  // Of a service, one VM's operation does not change the state.
  const state: ResourceState = scope === 'vm' && before ? before.state : { is: verb === 'stop' ? 'stopped' : 'active' };
  return { ...resource, machines, state, failedUpdate: undefined };
}

function reportsOf({ operation, transaction, callback }: Job, resource: Resource, mishap: Mishap): Report[] {
  if (callback === undefined) return [];
  return eventsOf(operation, mishap).map((event) => ({ url: callback, transaction, event, resource }));
}
