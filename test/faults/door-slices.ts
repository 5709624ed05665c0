/**
 * Faults that befall whole connections of a link that all share: its door is shut to everybody for a while, and what is
 * sent meanwhile are the cells of that slice. One slice for each fault, phase and number of times, one after the other.
 */
import type { DoorFault } from '../support/faults/fault.ts';
import { until } from '../support/until.ts';
import { isRead } from './orders.ts';
import type { Play } from './play.ts';
import { type Cell, doors, type Link, type Phase, type Times, times } from './table.ts';

export interface DoorRules {
  readonly link: Link;
  /** Whether so many of their connections were turned away that the door may open again. */
  readonly isStruck: (cells: readonly Cell[], count: Times, phase: Phase) => boolean | Promise<boolean>;
}

export async function playDoors(play: Play, { link, isStruck }: DoorRules): Promise<void> {
  const { place, cells } = play;
  const door = place.proxies[link];
  await play.setUp([...cells.values()].filter(({ hit }) => 'door' in hit));
  for (const fault of doors) {
    for (const count of times) {
      const slice = [...cells.values()].filter((cell) => isOfDoor(cell, fault, count));
      const of = (phase: Phase): Cell[] => slice.filter((cell) => cell.phase === phase);
      if (slice.length === 0) continue;
      const struck = (phase: Phase): Promise<void> =>
        until(() => isStruck(of(phase), count, phase), `what is sent ${phase} was turned away`);

      await door.become(fault);
      void play.send(of('before'));
      await struck('before');
      await door.become('open');
      await place.rests();

      await door.become(fault);
      void play.send(of('during'));
      await struck('during');
      await place.switchOver('application');
      await door.become('open');
      void play.send(of('replay'));
      await until(async () => (await place.gateway.journal.counts()).held > 0, 'what is to be sent afterwards waits');
      await door.become(fault);
      const back = place.comeBack();
      await struck('replay');
      await back;
      void play.send(of('after'));
      await struck('after');
      await door.become('open');
      await place.rests();
    }
  }
}

/** A slice, whatever its phase. */
export const isOfDoor = ({ hit, times: count }: Cell, fault: DoorFault, times: Times): boolean =>
  'door' in hit && hit.door === fault && count === times;

/** Each of them that is journaled has so many attempts. */
export async function haveAttempts(play: Play, cells: readonly Cell[], count: number): Promise<boolean> {
  const { journal } = play.place.gateway;
  for (const { mark, kind } of cells) {
    if (isRead({ method: kind })) continue;
    const [found] = await journal.list({ lane: `deployments/${mark}`, limit: 1 });
    if ((found?.attempts.length ?? 0) < count) return false;
  }
  return true;
}
