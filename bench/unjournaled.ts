/**
 * The gateway with journaling off, as a baseline: a journal that keeps nothing and confirms in the same turn. The
 * request's whole path is the same, packing and moves included; what is left out is sealing, serialising and the store.
 * Nothing can be replayed with it, so it is no use while the gate is shut.
 */
import { drawnDigests } from '../src/journal/digests.ts';
import type { Journal } from '../src/journal/journal.ts';

export function unjournaled(): Journal {
  let sequence = 0;
  let epoch = 0;
  return {
    digests: drawnDigests(),
    async create({ transaction, inFlight }) {
      sequence += 1;
      return { word: 'created', transaction: { ...(inFlight?.transaction ?? transaction), version: 1, sequence } };
    },
    async replace({ transaction }) {
      return { word: 'replaced', transaction: { ...transaction, version: transaction.version + 1 } };
    },
    holder: async () => null,
    release: async () => 'released',
    restore: async () => ({ word: 'restored' }),
    get: async () => null,
    body: async () => null,
    list: async () => [],
    open: async () => [],
    deadLetters: async () => [],
    counts: async () => ({
      held: 0,
      'in-flight': 0,
      accepted: 0,
      unacknowledged: 0,
      'awaiting-operator': 0,
      completed: 0,
      failed: 0,
      abandoned: 0,
    }),
    epoch: async () => epoch,
    async bumpEpoch(expected) {
      epoch = expected + 1;
      return { word: 'bumped', epoch };
    },
    raiseEpoch: async () => ({ word: 'raised', epoch }),
    putSwitchover: async () => 'written',
    switchovers: async () => [],
    renewLease: async () => 'renewed',
    endLease: async () => 'ended',
    leases: async () => [],
    subscribe: () => () => undefined,
    subscribeLeases: () => () => undefined,
    subscribeServer: () => () => {},
    isTrusted: async () => true,
    trust: async () => 'trusted' as const,
    prune: async () => 0,
    durability: async () => ({ promised: 'nothing', kept: true, detail: '' }),
    close: async () => undefined,
  };
}
