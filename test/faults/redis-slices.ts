/**
 * Faults between the gateway and its Redis. One connection carries everybody's writes, so cells are played in slices: those
 * of one fault, phase and number of times are sent together, and the first so many writes that bear a mark of theirs are
 * hit, or the door is shut to all connections. The proxy before Redis is in the hands of this file.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { FaultProxy } from '../support/fault-proxy.ts';
import { endOfResp } from '../support/fault-proxy-framing.ts';
import { silence } from '../support/faults/silence.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { startPlace } from './place.ts';
import { Play } from './play.ts';
import type { Cell, Phase, Times } from './table.ts';

interface Slice {
  readonly cells: readonly Cell[];
  left: number;
}

const againMs = 400;
const hitMaxMs = 30_000;
/** The gateway waits its time for a reply that never comes; each such slice takes long, and hardly any work. */
export const silentParts: readonly string[] = ['silence there', 'silence back', 'junk there'];

export const hitNameOf = ({ hit }: Cell): string => ('door' in hit ? hit.door : `${hit.fault.name} ${hit.way}`);

const mark = /cell-j\d{4}/g;

/** A client that is refused while the journal is away waits a little. */
const patiently = { again: () => pause(againMs), patienceMs: () => 20_000 };

class RedisLink {
  readonly proxy: FaultProxy;
  #slice: Slice | null = null;

  constructor(redisPort: number) {
    this.proxy = new FaultProxy({
      endOf: endOfResp,
      target: () => ({ host: '127.0.0.1', port: redisPort }),
      choose: (request) => {
        const slice = this.#slice;
        const hit = slice?.cells[0]?.hit;
        if (slice === null || hit === undefined || 'door' in hit || slice.left === 0) return null;
        const marks: readonly string[] = request.toString('latin1').match(mark) ?? [];
        if (!slice.cells.some((cell) => marks.includes(cell.mark))) return null;
        slice.left -= 1;
        return (exchange) => hit.fault.play(exchange, hit.way);
      },
    });
  }

  /** Sends the cells of a slice, unless they are under way already, and resolves when the fault is over. */
  async play(play: Play, cells: readonly Cell[], send: () => void): Promise<void> {
    const [first] = cells;
    if (first === undefined) return;
    this.#slice = { cells, left: first.times };
    const { left: _, ...slice } = this.#slice;
    const { turnedAway } = this.proxy;
    if ('door' in first.hit) await this.proxy.become(first.hit.door);
    send();
    const isOver = (): boolean => {
      if (!('door' in first.hit)) return this.#slice?.left === 0;
      if (first.hit.door === 'reset-while-connecting') return this.proxy.turnedAway - turnedAway >= first.times;
      // Nobody can count refusals; who is refused by the gateway for want of its journal has met one.
      return play.place.orders.some(
        ({ id, tries }) => slice.cells.some((cell) => cell.mark === id) && tries.length >= first.times,
      );
    };
    await until(isOver, 'the fault has befallen them', hitMaxMs).catch(() => this.missed.push(first.mark));
    await this.proxy.become('open');
    this.#slice = null;
  }

  /** The first cells of slices that nothing befell. */
  readonly missed: string[] = [];
}

/** All cells of some faults, one slice after the other. */
async function playSlices(play: Play, link: RedisLink, cells: readonly Cell[]): Promise<void> {
  const { place } = play;
  await play.setUp(cells);
  for (const hit of new Set(cells.map((cell) => JSON.stringify(cell.hit)))) {
    for (const count of new Set(cells.filter((cell) => JSON.stringify(cell.hit) === hit).map((cell) => cell.times)))
      await playSlice(play, link, (phase) => of(cells, { hit, count, phase }));
    await play.answered();
    await place.rests();
  }
}

async function playSlice(play: Play, link: RedisLink, cellsOf: (phase: Phase) => Cell[]): Promise<void> {
  const { place } = play;
  const before = cellsOf('before');
  await link.play(play, before, () => void play.send(before));
  await play.answered();
  await place.rests();
  await until(() => place.gateway.coordinator.isOpen, 'the gate is open');

  const replay = cellsOf('replay');
  const isAskedTwice = ({ kind }: Cell): boolean => kind !== 'GET' && kind !== 'REBOOT';
  const lost = replay
    .filter(isAskedTwice)
    .map((cell) => place.traps.esc.set({ mark: cell.mark, fault: silence, way: 'there', left: 1 }));
  void play.send(replay.filter(isAskedTwice));
  await until(() => lost.every(({ left }) => left === 0), 'what is to be replayed is under way');
  await place.switchOver('application');
  void play.send(replay.filter((cell) => !isAskedTwice(cell)));
  const during = cellsOf('during');
  await link.play(play, during, () => void play.send(during));
  // The fault of the replays begins with the gate shut; it opens when the journal takes the switchover's record.
  let back: Promise<void> = Promise.resolve();
  await link.play(play, replay, () => {
    back = place.comeBack();
  });
  await back;
  const after = cellsOf('after');
  await link.play(play, after, () => void play.send(after));
}

/** Plays cells of one fault or several before a Redis of their own, and puts what comes of it before the judge. */
export async function playBeforeRedis(cells: readonly Cell[], number: number): Promise<void> {
  assert.ok(cells.length > 0);
  await using redis = await startRedis();
  const link = new RedisLink(redis.port);
  await using proxy = link.proxy;
  await proxy.listen();
  await using place = await startPlace({
    number,
    leaseTtlMs: 3_000,
    settings: {
      NORTHGATE_ESC_TIMEOUTS_RESPONSE: '2s',
      NORTHGATE_JOURNAL_URL: `redis://127.0.0.1:${proxy.port}`,
      NORTHGATE_JOURNAL_KEY: randomBytes(32).toString('base64'),
    },
  });
  const play = new Play(place, cells, { isHeldDuring: false, hasOwnDoors: false, sending: () => patiently });
  await playSlices(play, link, cells);
  await play.judged();
  assert.deepEqual(link.missed, []);
}

const of = (cells: readonly Cell[], { hit, count, phase }: { hit: string; count: Times; phase: Phase }): Cell[] =>
  cells.filter((cell) => JSON.stringify(cell.hit) === hit && cell.times === count && cell.phase === phase);
