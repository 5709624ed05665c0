/**
 * The story, chapter by chapter: ordinary work; three switchovers, each with requests in ESC's hands; the end of all work.
 * It makes things happen and says what is seen; counting is judgement.ts.
 */
import type { Chapter, Say } from './narrator.ts';
import { decideWhatIsLeft } from './operator.ts';
import { isGranted } from './orchestrator.ts';
import type { Place, Plan, Wave } from './plan.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';
import { PhaseTeller, tellGate } from './watch.ts';

export interface Scene extends Stage {
  readonly plan: Plan;
  readonly signal: AbortSignal;
}

/** What the story leaves for the counting. */
export interface Telling {
  /** When each switchover began, by the pair's own doing. */
  readonly switchoversAt: number[];
}

const beginningMaxMs = 60_000;
const shortMaxMs = 10_000;
const takeoverMaxMs = 60_000;
const workMaxMs = 60_000;
/** ESC is slow with these requests, so that it dies on them: half a minute at the demo's time scale. */
const slowMs = 1500;
const lazyMs = 200;
const openPage = 1000;

export function chaptersOf(scene: Scene, telling: Telling): Chapter[] {
  const [first, second, third] = scene.plan.waves;
  const chapters: Chapter[] = [
    { title: 'An ordinary day', play: (say) => playBeginning(scene, say) },
    { title: 'The active VM dies', play: (say) => playWave({ scene, telling, wave: first, end: deaths.vm }, say) },
    { title: 'A planned switchover', play: (say) => playWave({ scene, telling, wave: second, end: 'planned' }, say) },
    {
      title: 'The ESC process dies',
      play: (say) => playWave({ scene, telling, wave: third, end: deaths.process }, say),
    },
    { title: 'The operator decides, and ESC finishes its work', play: (say) => playEnd(scene, say) },
  ];
  // The gate opens and shuts in whatever chapter it does.
  const nobody: Say = () => undefined;
  let sayNow = nobody;
  tellGate(scene.gateway, (sentence) => sayNow(sentence));
  return chapters.map(({ title, play }) => ({
    title,
    play: async (say) => {
      sayNow = say;
      await play(say);
      sayNow = nobody;
    },
  }));
}

async function playBeginning(scene: Scene, say: Say): Promise<void> {
  const { pair, gateway, orchestrator, plan, signal } = scene;
  say(`a simulated ESC pair: VIP ${pair.vip}, nodes ${pair.nodes.join(' and ')}; ${pair.activeNode} is active`);
  say(`Northgate in front of it at ${gateway.northbound.url}, its journal in a file of its own`);
  await until(() => gateway.coordinator.isOpen, { what: 'the gate is open', deadlineMs: shortMaxMs, signal });
  say(`an orchestrator works for ${plan.beginning.length} tenants at once: tenant, networks, subnets, deployments`);
  let tenantsLeft = plan.beginning.length;
  for (const orders of plan.beginning) {
    void orchestrator.sendInTurn(orders).then(() => {
      tenantsLeft -= 1;
    });
  }
  await until(() => tenantsLeft === 0, {
    what: 'ESC has answered the first requests',
    deadlineMs: beginningMaxMs,
    signal,
  });
  const granted = orchestrator.book.filter(isGranted).length;
  say(`${orchestrator.book.length} requests sent, ${granted} accepted by ESC`);
  await workEnds(scene);
  say('ESC has done all of it, and the orchestrator was told so');
}

/** ESC dies on one request: when the VM is there and ESC has not stored that it is, or has, and has told nobody. */
const deaths = {
  vm: { at: 'after-work', cause: 'dead-vm' },
  process: { at: 'before-callback', cause: 'application' },
} as const;

interface Act {
  readonly scene: Scene;
  readonly telling: Telling;
  readonly wave: Wave;
  readonly end: (typeof deaths)[keyof typeof deaths] | 'planned';
}

/** One switchover, from the requests it hits to their answers. */
async function playWave({ scene, telling, wave, end }: Act, say: Say): Promise<void> {
  const { pair, gateway, orchestrator, signal } = scene;
  const { coordinator, journal } = gateway;
  if (telling.switchoversAt.length > 0) {
    await pair.bringPeerBack();
    say('the other node is back as standby');
  }
  const lost = pair.activeNode;

  // 1. Requests in ESC's hands.
  await sendInFlight(scene, wave);
  if (end !== 'planned') {
    pair.crashAt(end.at, { method: 'POST', path: ofPath(wave.last.path) }, { cause: end.cause });
    void orchestrator.send(wave.last);
  } else {
    pair.inject({ fault: 'delay', when: 'before', delayMs: slowMs, match: { path: ofPath(wave.last.path) } });
    void orchestrator.send(wave.last);
    await until(async () => (await inFlightNow(scene)) >= unansweredOf(wave) + 1, {
      what: 'the requests are in flight',
      deadlineMs: shortMaxMs,
      signal,
    });
    await pair.switchover(end);
    // Nothing is broken: the node that was relieved starts again as standby.
    await pair.bringPeerBack();
  }

  // 2. ESC goes away.
  await until(() => pair.phase !== 'P4', { what: 'the active is gone', deadlineMs: shortMaxMs, signal });
  telling.switchoversAt.push(Date.now());
  const how = end === 'planned' ? `the operator switches over from ${lost}` : `${lost} dies`;
  const unanswered = await inFlightNow(scene);
  const accepted = (await journal.counts()).accepted;
  say(`${how}; ESC has not answered ${counted(unanswered, 'request')}, and not completed ${accepted} that it accepted`);
  for (const order of wave.intoTheVoid) void orchestrator.send(order);
  if (wave.intoTheVoid.length > 0) say(`${counted(wave.intoTheVoid.length, 'new request')} before anybody notices`);

  // 3. The gate shuts; a new tenant's requests come all the same, in order and without waiting for answers.
  await until(() => !coordinator.isOpen, { what: 'the gate is shut', deadlineMs: shortMaxMs, signal });
  pair.clearFaults();
  // ESC will take its time with the tenant: a network that did not wait for it would be refused.
  const [tenant] = wave.newcomer;
  if (tenant) pair.inject({ fault: 'delay', when: 'before', delayMs: lazyMs, match: { path: ofPath(tenant.path) } });
  for (const order of wave.newcomer) {
    void orchestrator.send(order);
    await until(async () => (await journal.list({ limit: 100 })).some(({ path }) => path === order.path), {
      what: `the journal has ${order.id}`,
      deadlineMs: shortMaxMs,
      signal,
    });
  }
  say(`a new tenant comes with ${wave.newcomer.length} requests that build on each other`);
  const counts = await journal.counts();
  say(`in the journal now: ${counts.held} held, ${counts.unacknowledged} sent and unacknowledged; clients wait`);

  // 4. The takeover, phase by phase, and what follows it.
  const phases = new PhaseTeller(pair, say);
  await until(() => phases.look() && coordinator.isOpen, {
    what: 'the pair is ready and the gate is open',
    deadlineMs: takeoverMaxMs,
    signal,
  });
  await until(() => orchestrator.waiting === 0, { what: 'all are answered', deadlineMs: takeoverMaxMs, signal });
  const isRecovered = (): boolean => (coordinator.switchovers.current?.recoveredAt ?? null) !== null;
  await until(isRecovered, { what: 'the replays are over', deadlineMs: shortMaxMs, signal });
  const { replayed = 0, reconciled = 0 } = coordinator.switchovers.current ?? {};
  say(
    `all answered: ${counts.held} held and sent now, ${replayed} sent again, ${reconciled} found in ESC and not sent again`,
  );
  await workEnds(scene);
  const left = (await journal.counts())['awaiting-operator'];
  say(`what ESC had dropped is done, and told to the orchestrator; ${left} left to the operator so far`);
}

/** Resolves when each request is where the wave wants it, as far as that can be seen from outside. */
async function sendInFlight(scene: Scene, wave: Wave): Promise<void> {
  const { pair, orchestrator, signal } = scene;
  for (const { order, place } of wave.inFlight) {
    const when = place === 'stored' ? 'after' : 'before';
    if (place !== 'accepted')
      pair.inject({ fault: 'delay', when, delayMs: slowMs, match: { method: 'POST', path: ofPath(order.path) } });
    void orchestrator.send(order);
  }
  const idsOf = (...places: Place[]): string[] =>
    wave.inFlight.filter(({ place }) => places.includes(place)).map(({ order }) => order.id);
  const [stored, accepted] = [idsOf('stored', 'accepted'), new Set(idsOf('accepted'))];
  const isThere = (): boolean => {
    const there = new Set(pair.resources().map(({ id }) => id));
    const isAnswered = orchestrator.book.every(({ order, result }) => result !== null || !accepted.has(order.id));
    return isAnswered && stored.every((id) => there.has(id));
  };
  await until(async () => isThere() && (await inFlightNow(scene)) >= unansweredOf(wave), {
    what: 'the requests are in flight',
    deadlineMs: shortMaxMs,
    signal,
  });
}

const inFlightNow = async ({ gateway }: Scene): Promise<number> => (await gateway.journal.counts())['in-flight'];

const unansweredOf = (wave: Wave): number => wave.inFlight.filter(({ place }) => place !== 'accepted').length;

const ofPath = (path: string): RegExp => new RegExp(`${path.replaceAll('.', '\\.')}$`);

async function playEnd(scene: Scene, say: Say): Promise<void> {
  await decideWhatIsLeft(scene, scene.signal, say);
  await workEnds(scene);
  say(`nothing is under way any more: ${scene.pair.ledger.length} effects on the VIM`);
}

/** Waits until every transaction is settled and every report of it delivered, but for what awaits the operator. */
async function workEnds({ gateway, signal }: Scene): Promise<void> {
  const isOver = async (): Promise<boolean> => {
    const open = await gateway.journal.open({ afterSequence: 0, limit: openPage });
    return open.every(({ state }) => state.status === 'awaiting-operator');
  };
  await until(isOver, { what: 'every transaction is completed and told', deadlineMs: workMaxMs, signal });
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
