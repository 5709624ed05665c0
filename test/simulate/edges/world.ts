/** What the edges know of the world that is in force: one at a time in a process. */

import type { Disturbance, Heard } from '../../chaos/ledgers.ts';
import type { Random } from '../../chaos/random.ts';
import type { Clock, Owner } from '../clock.ts';
import { currentOwner } from '../clock.ts';
import type { ClientAnswer } from '../conversation.ts';
import type { Asked } from '../line.ts';
import type { Lines } from '../lines.ts';
import type { Reads } from '../reads.ts';
import type { Replica } from '../replica.ts';

export interface EdgeWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly lines: Lines;
  readonly replicas: readonly Replica[];
  /** Whether things go wrong now. */
  readonly isTroubled: boolean;
  /** Where clients hear of their completions. */
  readonly heard: Heard[];
  receiverMode: 'up' | 'refusing' | 'answering-503';
  readonly tell: (what: string, ...details: unknown[]) => void;
  readonly complain: (rule: string, says: string, transaction?: string | null) => void;
  readonly disturb: (what: string, mayRepeat: boolean) => Disturbance;
  readonly reads: Reads;
  /** Asked of each answer to a transaction at the moment when it is given. */
  checkTold(answer: ClientAnswer): void;
  /** Asked of each request to ESC at the moment when its first byte is written. */
  leaves(owner: Owner, asked: Asked): void;
}

let world: EdgeWorld | null = null;

export function enter(next: EdgeWorld | null): void {
  world = next;
}

export function theWorld(): EdgeWorld {
  if (world === null) throw new Error('there is no world');
  return world;
}

/** The process that asks. */
export function theOwner(): Owner {
  const owner = currentOwner();
  if (owner === null) throw new Error('no process asks');
  return owner;
}

export function theReplica(): Replica {
  const owner = theOwner();
  const replica = theWorld().replicas.find((each) => each.owner === owner);
  if (replica === undefined) throw new Error(`${owner.name} is no replica that lives`);
  return replica;
}
