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

const bySequence = (a: Entry, b: Entry): number => a.sequence - b.sequence;

interface Lane {
  /** Lowest sequence first. What was removed stays in it until it comes up. */
  readonly queue: TinyQueue<Entry>;
  /** Transactions of the lane that are being sent: a taken entry, or a fresh one that was never listed here. */
  sending: number;
  /** Its first entry while that is a candidate, or stopped at a group; null while the lane is busy or empty. */
  offered: Entry | null;
}

interface Group {
  /** Entries listed, waiting or taken, by sequence. */
  readonly listed: Map<number, Entry>;
  /** Lowest first; what was unlisted stays in it until it comes up. */
  readonly queue: TinyQueue<Entry>;
  /** Entries that an earlier one of this group keeps from being sent. */
  readonly stopped: TinyQueue<Entry>;
}

export class LaneTable {
  readonly #waiting = new Map<number, Entry>();
  readonly #lanes = new Map<string, Lane>();
  readonly #groups = new Map<string, Group>();
  /** Candidates of all lanes, and some that are candidates no more. */
  readonly #order = new TinyQueue<Entry>([], bySequence);

  /** Entries waiting, taken ones not counted. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether nothing waits and nothing is being sent; then nothing is remembered of lanes and groups either. */
  get isIdle(): boolean {
    return this.#waiting.size + this.#lanes.size + this.#groups.size === 0;
  }

  /** A transaction waits from now on; also one that comes back. One that waits already is not listed twice. */
  add(entry: Entry): void {
    if (this.#waiting.has(entry.sequence)) return;
    this.#waiting.set(entry.sequence, entry);
    this.#lane(entry.lane).queue.push(entry);
    for (const group of entry.groups) this.#list(group, entry);
    this.#offer(entry.lane);
  }

  /** The entry that `take` would give. */
  next(): Entry | null {
    for (let entry = this.#order.peek(); entry !== undefined; entry = this.#order.peek()) {
      if (this.#lanes.get(entry.lane)?.offered === entry && !this.#isStopped(entry)) return entry;
      this.#order.pop();
    }
    return null;
  }

  /** The next entry that may be sent, null if none can be now. It is taken until `leave` or `giveBack`. */
  take(): Entry | null {
    const entry = this.next();
    if (entry === null) return null;
    this.#order.pop();
    const lane = this.#lane(entry.lane);
    lane.offered = null;
    lane.sending += 1;
    this.#waiting.delete(entry.sequence);
    return entry;
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
  remove({ sequence }: Entry): void {
    const entry = this.#waiting.get(sequence);
    if (entry === undefined) return;
    this.#waiting.delete(sequence);
    for (const group of entry.groups) this.#unlist(group, sequence);
    this.#offer(entry.lane);
  }

  /** A fresh transaction, sent at once and never listed here, makes its lane busy … */
  laneBegins(name: string): void {
    const lane = this.#lane(name);
    lane.sending += 1;
    lane.offered = null;
  }

  /** … until it is answered or is added as a waiting one. */
  laneEnds(name: string): void {
    this.#lane(name).sending -= 1;
    this.#offer(name);
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { queue: new TinyQueue([], bySequence), sending: 0, offered: null };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** Makes the lane's first entry a candidate if the lane is free; a lane with nothing in it is forgotten. */
  #offer(name: string): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined || lane.sending > 0) return;
    const first = lowest(lane.queue, this.#waiting);
    if (first === lane.offered && first !== null) return;
    lane.offered = first;
    if (first === null) this.#lanes.delete(name);
    else this.#order.push(first);
  }

  #list(name: string, entry: Entry): void {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = {
        listed: new Map(),
        queue: new TinyQueue([], bySequence),
        stopped: new TinyQueue([], bySequence),
      };
      this.#groups.set(name, group);
    }
    if (group.listed.get(entry.sequence) === entry) return;
    group.listed.set(entry.sequence, entry);
    group.queue.push(entry);
  }

  #unlist(name: string, sequence: number): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    group.listed.delete(sequence);
    const first = lowest(group.queue, group.listed);
    if (first === null) this.#groups.delete(name);
    this.#release(group.stopped, first?.sequence ?? Number.POSITIVE_INFINITY);
  }

  /** Whether an earlier one of a group keeps it waiting (R9); it is a candidate again when none of that group does. */
  #isStopped(entry: Entry): boolean {
    for (const name of entry.waitsFor) {
      const group = this.#groups.get(name);
      const first = group === undefined ? null : lowest(group.queue, group.listed);
      if (group === undefined || first === null || first.sequence >= entry.sequence) continue;
      group.stopped.push(entry);
      return true;
    }
    return false;
  }

  /** Entries up to `sequence` have no earlier one in the group any more. */
  #release(stopped: TinyQueue<Entry>, sequence: number): void {
    for (let entry = stopped.peek(); entry !== undefined && entry.sequence <= sequence; entry = stopped.peek()) {
      stopped.pop();
      if (this.#lanes.get(entry.lane)?.offered === entry) this.#order.push(entry);
    }
  }
}

/** The first of a queue that is still there; what is not is dropped from it. */
function lowest(queue: TinyQueue<Entry>, present: ReadonlyMap<number, Entry>): Entry | null {
  for (let entry = queue.peek(); entry !== undefined; entry = queue.peek()) {
    if (present.get(entry.sequence) === entry) return entry;
    queue.pop();
  }
  return null;
}
