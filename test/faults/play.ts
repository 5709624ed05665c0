/**
 * Plays the cells of one link in one place, many at a time, each on a resource of its own: before a switchover, during two
 * of them, in the replays after them, and when they are over. What comes of it is put before the judge.
 */
import assert from 'node:assert/strict';
import { attemptOf } from '../chaos/attempts.ts';
import type { JournalEntry } from '../chaos/ledgers.ts';
import { storyOf } from '../chaos/story.ts';
import type { Violation } from '../chaos/views.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import type { Fault } from '../support/faults/fault.ts';
import { until } from '../support/until.ts';
import { judge } from './judge.ts';
import { follow, isRead, needsSubject, orderOf, type Sending } from './orders.ts';
import type { Place } from './place.ts';
import { type Cell, links, nameOf, type Phase, phases } from './table.ts';
import type { Trap } from './traps.ts';

/** How one link is played; what is left out is the same for all. */
export interface LinkRules {
  /** Whether what is hit `during` is asked before the switchover, and held by the proxy until that has begun. */
  readonly isHeldDuring: boolean;
  /** Whether a connection can be chosen: each cell has a door of its own. Otherwise the link's door is shut to all (`door-slices.ts`). */
  readonly hasOwnDoors: boolean;
  /** Of the requests with the mark, those that are hit. */
  readonly isMeant?: (cell: Cell) => (request: string) => boolean;
  /** Called when the gate is shut and everything that is to be replayed has been sent. */
  readonly isShut?: () => Promise<void>;
  readonly sending?: (cell: Cell, play: Play) => Partial<Sending>;
}

interface Part {
  readonly during: readonly Cell[];
  readonly replay: readonly Cell[];
  readonly after: readonly Cell[];
}

const patienceMs = 20_000;
/** Fewer than the connections of a gateway to ESC. */
const underWayMax = 48;
const patientMaxMs = 60_000;
const deliveredMaxMs = 40_000;
const storiesShownMax = 8;
/** What is to be hit in a replay may be over before, on a machine that is busy with other things. */
const missedShareMax = 0.05;

/** What may not be sent again once it was (R17), and what nobody would ask for so long. */
const isHeld = ({ kind }: Cell): boolean => kind === 'REBOOT' || kind === 'GET';

export class Play {
  readonly place: Place;
  readonly cells: ReadonlyMap<string, Cell>;
  readonly #rules: LinkRules;
  readonly #following: Promise<void>[] = [];
  readonly #traps = new Map<string, Trap>();
  readonly #doors = new Map<string, FaultProxy>();
  readonly #opened = new Set<string>();
  #switchovers = 0;
  /** Resolves when the gate has opened after the switchover that is under way. */
  opened: Promise<void> = Promise.resolve();

  constructor(place: Place, cells: readonly Cell[], rules: LinkRules) {
    this.place = place;
    this.cells = new Map(cells.map((cell) => [cell.mark, cell]));
    this.#rules = rules;
  }

  /** Cells of a phase that are played at the same time. */
  of(phase: Phase): Cell[] {
    const { hasOwnDoors } = this.#rules;
    return [...this.cells.values()].filter((cell) => cell.phase === phase && (hasOwnDoors || 'fault' in cell.hit));
  }

  /** What has to be there before. */
  async setUp(cells: readonly Cell[]): Promise<void> {
    await this.place.setUp(cells.filter(needsSubject).map(({ mark }) => mark));
  }

  async run(): Promise<void> {
    const { place } = this;
    await this.setUp(phases.flatMap((phase) => this.of(phase)));
    await this.#arm(this.of('before'));
    await this.send(this.of('before'));
    await place.rests();
    const parts = [...this.#parts()];
    for (const [index, part] of parts.entries()) {
      // Nothing is struck by a switchover that is to come after the last one.
      await this.#switchOver({ ...part, after: index === parts.length - 1 ? this.of('after') : [] });
    }
    await this.answered();
    // Who does not come to rest has its story told by the verdict.
    await place.rests();
  }

  /** What has a switchover together: no more than may be under way to ESC at once. */
  *#parts(): Iterable<Omit<Part, 'after'>> {
    const [during, replay] = [this.of('during'), this.of('replay')];
    for (let from = 0; from < replay.length; from += underWayMax / 2) {
      const to = from + underWayMax / 2;
      yield { during: during.slice(from, to), replay: replay.slice(from, to) };
    }
  }

  async #switchOver({ during, replay, after }: Part): Promise<void> {
    const { place } = this;
    const { isHeldDuring } = this.#rules;
    const cause = this.#switchovers % 2 === 0 ? 'application' : 'dead-vm';
    this.#switchovers += 1;
    const { promise: executed, resolve: execute } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    this.opened = opened;
    const [doubted, held] = [replay.filter((cell) => !isHeld(cell)), replay.filter(isHeld)];
    const waiting = held.filter(({ kind }) => kind !== 'GET').length;
    const lost = doubted.map((cell) => this.#lose(cell, executed));
    await this.#arm(replay);
    await this.#arm(during, isHeldDuring ? begun : undefined);
    void this.send(doubted);
    if (isHeldDuring) void this.send(during);
    await patiently(() => lost.every(({ left }) => left === 0));
    if (isHeldDuring) await this.#areHit(during);
    execute();
    await patiently(() => lost.every(({ asked }) => asked));
    await place.switchOver(cause, begin);
    void this.send(held);
    if (!isHeldDuring) void this.send(during);
    await patiently(async () => (await place.gateway.journal.counts()).held >= waiting);
    if (!isHeldDuring) await this.#areHit(during);
    await this.#arm(after);
    await this.#rules.isShut?.();
    await place.comeBack();
    open();
    void this.send(after);
    await this.#areHit([...during, ...replay, ...after]);
  }

  /** The port of a cell's own door, where it has one. */
  doorOf(mark: string): number | undefined {
    return this.#doors.get(mark)?.port;
  }

  /** It is open from now on. */
  async openDoor(mark: string): Promise<void> {
    const door = this.#doors.get(mark);
    if (door === undefined || this.#opened.has(mark)) return;
    this.#opened.add(mark);
    await door.become('open');
  }

  async #shutDoor({ mark, link, hit }: Cell): Promise<void> {
    if (!('door' in hit) || link === 'redis') return;
    const door = await this.place.doorTo(link);
    this.#doors.set(mark, door);
    await door.become(hit.door);
  }

  /** ESC is not told of the first attempt, or its answer is lost; either way the switchover makes an end of it. */
  #lose({ mark, link, times: count }: Cell, executed: Promise<void>): Trap & { readonly asked: boolean } {
    // What was begun may stay unfinished in ESC, and then there is nothing to report.
    const way = count === 1 && (link === 'esc' || link === 'client') ? 'back' : 'there';
    let asked = way === 'there';
    const lost: Fault = {
      name: 'lost in the switchover',
      ways: [way],
      async play(exchange) {
        await executed;
        if (way === 'back') await Promise.race([exchange.ask(), exchange.gone]);
        asked = true;
        await exchange.gone;
      },
    };
    const trap = this.place.traps.esc.set({ mark, fault: lost, way, left: 1 });
    return Object.defineProperty(trap as Trap & { asked: boolean }, 'asked', { get: () => asked });
  }

  async #arm(cells: readonly Cell[], gate?: Promise<void>): Promise<void> {
    const { isMeant } = this.#rules;
    await Promise.all(cells.map((cell) => this.#shutDoor(cell)));
    for (const cell of cells) {
      if (!('fault' in cell.hit) || cell.link === 'redis') continue;
      const { mark, link, times: left, hit } = cell;
      const trap = { mark, left, ...hit, ...(isMeant === undefined ? {} : { isMeant: isMeant(cell) }) };
      this.#traps.set(mark, this.place.traps[link].set({ ...trap, ...(gate === undefined ? {} : { gate }) }));
    }
  }

  /** Resolves when each client has its answer, or gave up. */
  send(cells: readonly Cell[]): Promise<unknown> {
    const sent = cells.map((cell) => {
      const order = orderOf(cell);
      this.place.orders.push(order);
      return follow(order, {
        calling: () => this.place.calling(),
        patienceMs: () => patienceMs,
        ...this.#rules.sending?.(cell, this),
      });
    });
    this.#following.push(...sent);
    return Promise.all(sent);
  }

  /** Resolves when every client of before has its answer, or gave up. */
  async answered(): Promise<void> {
    await Promise.all(this.#following);
  }

  /** Waits until each was hit once; what the machine was too slow for is counted, and told in the end. */
  async #areHit(cells: readonly Cell[]): Promise<void> {
    const missed = (): Cell[] => cells.filter((cell) => !this.#isHit(cell));
    await patiently(() => missed().length === 0);
  }

  #isHit({ mark }: Cell): boolean {
    if (this.#doors.has(mark)) return this.#opened.has(mark);
    const trap = this.#traps.get(mark);
    return trap === undefined || trap.sprung.length > 0;
  }

  /** What is known of a cell, besides the ledgers. */
  tell(mark: string): string {
    const cell = this.cells.get(mark);
    if (cell === undefined) return mark;
    const order = this.place.orders.find(({ id }) => id === mark);
    const lines = [
      ...links.flatMap((link) => this.place.traps[link].storyOf(mark)),
      ...(order?.tries ?? []).map((each) => JSON.stringify(each)),
    ];
    return [nameOf(cell), ...lines.map((line) => `    ${line}`)].join('\n');
  }

  /**
   * Rejects with the stories of what was broken, and of cells that nothing befell. An operator who sees the VIM resolves
   * first what was left to one.
   */
  async judged(): Promise<void> {
    const { place, cells } = this;
    const atRest = await place.journal();
    await this.#resolve(atRest);
    let journal = atRest;
    const isDelivered = async (): Promise<boolean> => {
      journal = await place.journal();
      return journal.every(({ attempts }) =>
        attempts.every(({ callbacks }) => callbacks.every(({ delivery }) => delivery !== 'waiting')),
      );
    };
    await until(isDelivered, 'all reports are delivered', deliveredMaxMs).catch(() => undefined);
    const ledgers = place.ledgers(journal);
    const reads = place.orders.filter(isRead);
    const found = judge({ ledgers, atRest, reads, cells });
    const tell = (each: Violation): string => `${storyOf(each, ledgers)}\n  ${this.tell(markOf(each, journal))}`;
    assert.equal(
      found.length,
      0,
      `${found.length} broken, ${JSON.stringify(place.gateway.coordinator.gate())}, ${new Date().toISOString()}\n${found.slice(0, storiesShownMax).map(tell).join('\n\n')}`,
    );
    const missed = [...cells.values()].filter((cell) => !this.#isHit(cell)).map(({ mark }) => this.tell(mark));
    assert.ok(missed.length <= cells.size * missedShareMax, `nothing befell\n${missed.join('\n')}`);
  }

  async #resolve(journal: readonly JournalEntry[]): Promise<void> {
    const { pair } = this.place;
    for (const { id, status } of journal) {
      if (status !== 'awaiting-operator') continue;
      const sent = new Set(
        pair.requests.filter((each) => attemptOf(each)?.transaction === id).map((each) => each.transaction),
      );
      const isDone = pair.ledger.some(({ transaction }) => sent.has(transaction));
      await this.place.resolve(id, isDone ? 'completed' : 'failed');
    }
  }
}

/** What a machine that is busy with other things does not bring about is told in the end, of the cells that it concerns. */
const patiently = (condition: () => boolean | Promise<boolean>): Promise<void> =>
  until(condition, 'it is so', patientMaxMs).catch(() => undefined);

const markOf = ({ order, transaction }: Violation, journal: readonly JournalEntry[]): string =>
  order ??
  journal
    .find(({ id }) => id === transaction)
    ?.path.split('/')
    .at(-1) ??
  '';
