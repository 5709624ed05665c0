/**
 * The transactions of this replica that wait, in the order in which they may be sent: by sequence, one at a time a
 * lane (R8), after those they wait for (R9). Pure bookkeeping in memory so that a replica need not ask the journal who
 * is next; the journal checks the same again when one is marked (R10), for other replicas' sake.
 * Invariant: an entry is in exactly one of: waiting in its lane, taken.
 */

import TinyQueue from 'tinyqueue';

export interface Entry {
  readonly id: string;
  readonly sequence: number;
  readonly lane: string;
  readonly groups: readonly string[];
  readonly waitsFor: readonly string[];
}

interface Lane {
  /** By sequence, lowest first. */
  readonly waiting: Entry[];
  /** Transactions of the lane that are being sent: a taken entry, or a fresh one that was never listed here. */
  sending: number;
}

export class LaneTable {
  readonly #lanes = new Map<string, Lane>();
  /** Sequences listed in each group, waiting or taken. */
  readonly #groups = new Map<string, Set<number>>();
  /** First entries of lanes that are free; `#order` gives the lowest and may hold some that are candidates no more. */
  readonly #candidates = new Map<string, Entry>();
  readonly #order = new TinyQueue<Entry>([], (a, b) => a.sequence - b.sequence);
  /** Entries that stopped at a group, by group. */
  readonly #stopped = new Map<string, Entry[]>();
  #size = 0;

  /** Entries waiting, taken ones not counted. */
  get size(): number {
    return this.#size;
  }

  /** A transaction waits from now on; also one that comes back. */
  add(entry: Entry): void {
    const lane = this.#lane(entry.lane);
    let index = lane.waiting.length;
    while (index > 0 && (lane.waiting[index - 1]?.sequence ?? 0) > entry.sequence) index -= 1;
    lane.waiting.splice(index, 0, entry);
    this.#size += 1;
    for (const group of entry.groups) this.#list(group).add(entry.sequence);
    this.#offer(entry.lane);
  }

  /** The next entry that may be sent, null if none can be now. It is taken until `leave` or `giveBack`. */
  take(): Entry | null {
    for (;;) {
      const entry = this.#lowestCandidate();
      if (entry === null) return null;
      this.#candidates.delete(entry.lane);
      const group = entry.waitsFor.find((name) => this.#hasEarlier(name, entry.sequence));
      if (group !== undefined) {
        const stopped = this.#stopped.get(group);
        if (stopped === undefined) this.#stopped.set(group, [entry]);
        else stopped.push(entry);
        continue;
      }
      const lane = this.#lane(entry.lane);
      lane.waiting.shift();
      lane.sending += 1;
      this.#size -= 1;
      return entry;
    }
  }

  /** A taken entry was not sent after all, or has to be sent again: it waits on. */
  giveBack(entry: Entry): void {
    this.#lane(entry.lane).sending -= 1;
    this.add(entry);
  }

  /** A taken entry needs its lane no more: answered, settled, or another replica's. */
  leave(entry: Entry): void {
    for (const group of entry.groups) this.#unlist(group, entry.sequence);
    this.laneEnds(entry.lane);
  }

  /** A waiting entry ends without being taken: abandoned, or resolved by an operator. */
  remove(entry: Entry): void {
    const lane = this.#lanes.get(entry.lane);
    const index = lane?.waiting.findIndex((waiting) => waiting.sequence === entry.sequence) ?? -1;
    if (lane === undefined || index < 0) return;
    lane.waiting.splice(index, 1);
    this.#size -= 1;
    for (const group of entry.groups) this.#unlist(group, entry.sequence);
    this.#candidates.delete(entry.lane);
    this.#offer(entry.lane);
  }

  /** A fresh transaction, sent at once and never listed here, makes its lane busy … */
  laneBegins(name: string): void {
    this.#lane(name).sending += 1;
  }

  /** … until it is answered or is added as a waiting one. */
  laneEnds(name: string): void {
    const lane = this.#lane(name);
    lane.sending -= 1;
    if (lane.sending === 0 && lane.waiting.length === 0) this.#lanes.delete(name);
    else this.#offer(name);
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { waiting: [], sending: 0 };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #offer(name: string): void {
    const lane = this.#lanes.get(name);
    const first = lane?.waiting[0];
    if (lane === undefined || lane.sending > 0 || first === undefined) return;
    if (this.#candidates.get(name) === first) return;
    this.#candidates.set(name, first);
    this.#order.push(first);
  }

  #lowestCandidate(): Entry | null {
    for (let entry = this.#order.pop(); entry !== undefined; entry = this.#order.pop()) {
      if (this.#candidates.get(entry.lane) === entry) return entry;
    }
    return null;
  }

  #list(group: string): Set<number> {
    let listed = this.#groups.get(group);
    if (listed === undefined) {
      listed = new Set();
      this.#groups.set(group, listed);
    }
    return listed;
  }

  #unlist(group: string, sequence: number): void {
    const listed = this.#groups.get(group);
    listed?.delete(sequence);
    if (listed?.size === 0) this.#groups.delete(group);
    const stopped = this.#stopped.get(group);
    if (stopped === undefined) return;
    this.#stopped.delete(group);
    for (const entry of stopped) this.#offer(entry.lane);
  }

  #hasEarlier(group: string, sequence: number): boolean {
    const listed = this.#groups.get(group);
    if (listed === undefined) return false;
    for (const other of listed) if (other < sequence) return true;
    return false;
  }
}
