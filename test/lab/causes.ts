/**
 * The causes of a switchover as a table: what is done to the pair, for real, and how it is undone. Each begins with a
 * stable pair under load; `undo` begins when the gate has been shut and is open again, unless the cause has to end before.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeName } from './network.ts';
import type { Pair } from './pair.ts';

export interface Cause {
  readonly name: string;
  /** For people: what happens. */
  readonly says: string;
  /** Whether a node that lost its role may still execute what reached it: nobody can call that back. */
  readonly mayBeLate: boolean;
  readonly begin: (pair: Pair, active: NodeName) => Promise<void>;
  readonly undo: (pair: Pair, active: NodeName) => Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

/** As an operator does it: services first, then keepalived, which gives the VIP away; and it is started again. */
async function switchOver(pair: Pair, active: NodeName): Promise<void> {
  rmSync(join(pair.folder, active, 'ready'), { force: true });
  pair.signalServices(active, 'SIGTERM');
  await pair.keepalived(active).stop();
  pair.keepalived(active).start();
}

async function stopAndStart(pair: Pair, active: NodeName): Promise<void> {
  await pair.keepalived(active).stop();
  pair.keepalived(active).start();
}

async function heal(pair: Pair): Promise<void> {
  await pair.network.heal();
  pair.store.reunite();
}

export const causes: readonly Cause[] = [
  {
    name: 'link-down',
    says: 'the cable of the active node is pulled out',
    mayBeLate: false,
    begin: async (pair, active) => {
      await pair.network.unplug(active);
      pair.store.isolate(active);
    },
    undo: async (pair, active) => {
      await pair.network.plug(active);
      pair.store.reunite();
    },
  },
  {
    name: 'cut-off',
    says: 'the network loses all that the active node sends and gets; its link stays up',
    mayBeLate: false,
    begin: async (pair, active) => {
      await pair.network.cutOff(active);
      pair.store.isolate(active);
    },
    undo: heal,
  },
  {
    name: 'one-way',
    says: 'the active node hears everything and is not heard',
    mayBeLate: true,
    begin: async (pair, active) => {
      await pair.network.mute(active);
      pair.store.isolate(active);
    },
    undo: heal,
  },
  {
    name: 'keepalived-stopped',
    says: 'SIGTERM to keepalived of the active node',
    mayBeLate: false,
    begin: (pair, active) => pair.keepalived(active).stop(),
    undo: async (pair, active) => pair.keepalived(active).start(),
  },
  {
    name: 'keepalived-killed',
    says: 'SIGKILL to keepalived of the active node, which keeps the VIP',
    mayBeLate: true,
    begin: (pair, active) => pair.keepalived(active).crash(),
    undo: async (pair, active) => pair.keepalived(active).start(),
  },
  {
    name: 'process-killed',
    says: 'SIGKILL to the services of the active node',
    mayBeLate: false,
    begin: async (pair, active) => pair.signalServices(active, 'SIGKILL'),
    undo: nothing,
  },
  {
    name: 'process-frozen',
    says: 'SIGSTOP to the services of the active node',
    mayBeLate: false,
    begin: async (pair, active) => pair.signalServices(active, 'SIGSTOP'),
    undo: nothing,
  },
  {
    name: 'node-frozen',
    says: 'the whole active node stops, and wakes when the other one serves: it executes late what had reached it',
    mayBeLate: true,
    begin: async (pair, active) => {
      pair.keepalived(active).freeze();
      pair.signalServices(active, 'SIGSTOP');
    },
    undo: async (pair, active) => {
      pair.signalServices(active, 'SIGCONT');
      pair.keepalived(active).thaw();
    },
  },
  {
    name: 'planned',
    says: 'an operator stops the services of the active node, then its keepalived',
    mayBeLate: false,
    begin: switchOver,
    undo: nothing,
  },
  {
    name: 'strict-firewall',
    says: 'keepalived is stopped between nodes whose firewalls reset nothing',
    mayBeLate: false,
    begin: async (pair, active) => {
      await pair.network.guard('esc1');
      await pair.network.guard('esc2');
      await stopAndStart(pair, active);
    },
    undo: async (pair) => {
      await pair.network.unguard('esc1');
      await pair.network.unguard('esc2');
    },
  },
  {
    name: 'split-brain',
    says: 'the nodes do not hear of each other, and both hold the VIP',
    mayBeLate: true,
    begin: async (pair) => {
      pair.store.divide();
      await pair.network.cutVrrp();
    },
    undo: heal,
  },
  {
    name: 'arp-blackout',
    says: 'a short isolation heals, and the gateway goes on calling the node that gave the VIP back',
    mayBeLate: false,
    begin: async (pair, active) => {
      await pair.network.cutOff(active);
      pair.store.isolate(active);
      await pair.until(() => pair.network.holdsVip(pair.peerOf(active)), 'both nodes hold the VIP');
      // In earnest it announces itself at times, and mostly not; here never.
      await pair.network.healHushed(active);
      pair.store.reunite();
    },
    undo: heal,
  },
  {
    name: 'flapping',
    says: 'the cable of the active node is pulled out and put back, three times in a row',
    mayBeLate: false,
    begin: async (pair, active) => {
      for (let round = 1; round <= 3; round += 1) {
        await pair.network.unplug(active);
        pair.store.isolate(active);
        await pair.until(() => pair.network.holdsVip(pair.peerOf(active)), 'the other node has the VIP');
        await pair.network.plug(active);
        pair.store.reunite();
        if (!pair.options.vrrp.preempts) continue;
        await pair.until(() => pair.network.holdsVip(active), 'the node has the VIP again');
      }
    },
    undo: nothing,
  },
  {
    name: 'failback',
    says: 'keepalived of the active node ends; it is started again when the other one serves, and takes the VIP back',
    mayBeLate: false,
    begin: (pair, active) => pair.keepalived(active).stop(),
    undo: async (pair, active) => {
      const since = Date.now();
      pair.keepalived(active).start();
      if (!pair.options.vrrp.preempts) await switchOver(pair, pair.peerOf(active));
      await pair.untilOpen(since);
    },
  },
];
