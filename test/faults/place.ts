/**
 * Where a part of the table is played: a simulated pair, one gateway, clients and their receiver, with a fault proxy on
 * each of the links between them. It starts and ends them, carries switchovers out, and reads the ledgers; it judges nothing.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import type { Gateway } from '../../src/app.ts';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import type { Cause } from '../../src/sim/takeover.ts';
import type { JournalEntry, Ledgers, Order } from '../chaos/ledgers.ts';
import { Receiver } from '../chaos/receiver.ts';
import type { Calling } from '../chaos/sending.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { endOfHttp } from '../support/fault-proxy-framing.ts';
import { freePort } from '../support/free-port.ts';
import { ownAddresses } from '../support/own-network.ts';
import { until } from '../support/until.ts';
import { settingsFor, startGatewayWith } from '../support/world.ts';
import { isRead, subject } from './orders.ts';
import { type Link, links } from './table.ts';
import { Traps } from './traps.ts';

export interface PlaceOptions {
  /** Which of the test process's own addresses the pair has (0 to 83), for places that stand at the same time. */
  readonly number: number;
  readonly settings?: Readonly<Record<string, string>>;
  readonly leaseTtlMs?: number;
}

type PerLink<Of> = Readonly<Record<Link, Of>>;

const each = <Of>(make: (link: Link) => Of): PerLink<Of> =>
  Object.fromEntries(links.map((link) => [link, make(link)])) as PerLink<Of>;

const maintenanceTrialMs = 100;
const setUpAtOnce = 32;
const startsMax = 5;
const pageSize = 500;
const restMaxMs = 40_000;
const unsettled = ['held', 'in-flight', 'accepted', 'unacknowledged'] as const;

export class Place implements AsyncDisposable {
  readonly pair: SimulatedPair;
  readonly gateway: Gateway;
  readonly receiver: Receiver;
  readonly traps: PerLink<Traps>;
  readonly proxies: PerLink<FaultProxy>;
  readonly orders: Order[] = [];
  readonly #parts: AsyncDisposableStack;
  #setUps = 0;

  constructor(parts: Pick<Place, 'pair' | 'gateway' | 'receiver' | 'traps' | 'proxies'>, stack: AsyncDisposableStack) {
    this.pair = parts.pair;
    this.gateway = parts.gateway;
    this.receiver = parts.receiver;
    this.traps = parts.traps;
    this.proxies = parts.proxies;
    this.#parts = stack;
  }

  /** By way of the proxies, unless other ports are said. */
  calling({ port, callbackPort }: Partial<Calling> = {}): Calling {
    return {
      port: port ?? this.proxies.client.port,
      callbackPort: callbackPort ?? this.proxies.deliveries.port,
      authorization: 'Basic ZXNjOmVzYw==',
    };
  }

  /** A way of its own to where a link leads; on it nothing is hit, or what is hit on the link. */
  async doorTo(link: Link, { isHit = false } = {}): Promise<FaultProxy> {
    const { choose } = this.traps[link];
    const door = new FaultProxy({
      endOf: endOfHttp,
      target: this.proxies[link].target,
      ...(isHit ? { choose } : {}),
    });
    this.#parts.adopt(door, (each) => each.close());
    await door.listen(await freePort());
    return door;
  }

  /** Deployments that are there before anything begins, made without the gateway. */
  async setUp(marks: readonly string[]): Promise<void> {
    const { pair } = this;
    const left = [...marks];
    const work = async (): Promise<void> => {
      for (let mark = left.pop(); mark !== undefined; mark = left.pop()) {
        const answer = await request(`http://${pair.vip}:${pair.ports.rest}${subject.path(mark)}`, {
          method: 'POST',
          headers: { 'content-type': 'application/xml' },
          body: subject.body?.(mark) ?? '',
        });
        await answer.body.dump();
      }
    };
    await Promise.all(Array.from({ length: setUpAtOnce }, work));
    await until(() => pair.resources().every(({ state }) => state.is !== 'in-progress'), 'what was set up stands');
    this.#setUps = pair.requests.length;
  }

  /** Begins a switchover that stays where nobody serves. `begun` is called when its first symptoms are there. */
  async switchOver(cause: Cause, begun: () => void = () => {}): Promise<void> {
    await this.pair.switchover(cause, { stopAt: 'P1', phases: { P0: 3_000, P1: 10_000, P2: 3_000, P3: 3_000 } });
    begun();
    await until(() => !this.gateway.coordinator.isOpen, 'the gate is shut');
  }

  /** Lets it go on. */
  async comeBack(): Promise<void> {
    // Where it was told to stay may not be reached yet.
    await until(async () => {
      await this.pair.proceed();
      return this.pair.phase === 'P4';
    }, 'the pair is ready');
    await until(() => this.gateway.coordinator.isOpen, 'the gate is open');
    await this.pair.bringPeerBack();
  }

  /** Until everything of the journal rests: settled, or left to an operator. What does not is the judge's business. */
  async rests(): Promise<void> {
    const { journal } = this.gateway;
    const isAtRest = async (): Promise<boolean> => {
      const counts = await journal.counts();
      return unsettled.every((status) => counts[status] === 0);
    };
    await until(isAtRest, 'everything rests', restMaxMs).catch(() => undefined);
  }

  /** All transactions as operators see them, in the order of arrival. */
  async journal(): Promise<JournalEntry[]> {
    const entries: JournalEntry[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await this.#ask<{ items: JournalEntry[]; nextCursor: string | null }>(
        `/v1/transactions?limit=${pageSize}${after}`,
      );
      entries.push(...page.items);
      cursor = page.nextCursor;
    }
    return entries.reverse();
  }

  /** It may have come to its end meanwhile: then there is nothing to resolve. */
  async resolve(id: string, as: 'completed' | 'failed'): Promise<void> {
    await this.#ask(`/v1/transactions/${id}/resolve`, { as, note: 'by what stands on the VIM' });
  }

  ledgers(journal: readonly JournalEntry[]): Ledgers {
    const { pair, receiver, orders } = this;
    const requests = pair.requests.slice(this.#setUps).filter(({ method }) => method !== 'GET');
    return {
      clients: { orders: orders.filter((order) => !isRead(order)), heard: receiver.heard },
      journal,
      pair: { requests, effects: pair.ledger, standing: pair.vim },
      disturbances: [],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // First what holds connections that nobody would end.
    await Promise.all(links.map((link) => this.proxies[link].close()));
    await this.#parts.disposeAsync();
  }

  async #ask<Body>(path: string, body?: object): Promise<Body> {
    const answer = await request(`${this.gateway.ops.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300 && answer.statusCode !== 409) throw new Error(`${path}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as Body;
  }
}

/** One after the other: what is loaded and compiled meanwhile must not make time-outs of another's start run out. */
let starting: Promise<unknown> = Promise.resolve();

export function startPlace(options: PlaceOptions): Promise<Place> {
  const started = starting.then(() => begin(options));
  starting = started.catch(() => undefined);
  return started;
}

async function begin({ number, settings = {}, leaseTtlMs }: PlaceOptions): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'northgate-faults-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const pair = stack.use(
    await startPair({
      ...ownAddresses(number),
      timeScale: 0.01,
      peerReturnMs: 600_000,
      workMs: { deployment: 20_000, operation: 20_000 },
      // A report that is lost is sent again, so that one may come twice; and as often as it may be hit, or a machine that
      // stalls may let the time run out.
      profiles: { callbackRetries: 3 },
      limits: { callbackTimeoutMs: 4_000 },
    }),
  );
  const receiverPort = await freePort();
  const receiver = new Receiver(receiverPort);
  await receiver.become('up');
  stack.defer(() => receiver.become('refusing'));
  const northboundPort = await freePort();
  const traps = each(() => new Traps());
  const local = (port: number) => () => ({ host: '127.0.0.1', port });
  const targets: PerLink<() => { host: string; port: number }> = {
    client: local(northboundPort),
    esc: () => ({ host: pair.vip, port: pair.ports.rest }),
    reports: local(northboundPort),
    deliveries: local(receiverPort),
  };
  const proxies = each(
    (link) =>
      new FaultProxy({
        endOf: endOfHttp,
        target: targets[link],
        choose: traps[link].choose,
        host: link === 'esc' ? pair.vip : '127.0.0.1',
      }),
  );
  for (const link of links) {
    await stack.use(proxies[link]).listen(await freePort());
  }
  const policy = { method: 'POST', path: '/ESCManager/v0/{tenant}/deployments/service/{deployment}' };
  const gateway = stack.use(
    await startGatewayAtLast(
      {
        ...settingsFor(pair, directory),
        NORTHGATE_NORTHBOUND_PORT: String(northboundPort),
        NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${proxies.reports.port}`,
        NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
        NORTHGATE_ESC_REST_PORT: String(proxies.esc.port),
        // Many places ask at once, and need the machine for other things.
        NORTHGATE_ESC_HEALTH_INTERVAL: '100ms',
        // What is to be lost in a switchover must not end by itself before, on a machine that takes its time.
        NORTHGATE_ESC_TIMEOUTS_RESPONSE: '20s',
        NORTHGATE_HOLD_TIMEOUT: '5s',
        NORTHGATE_COMPLETION_ASK_AFTER: '500ms',
        NORTHGATE_REPLAY_STUCK_AFTER: '1s',
        NORTHGATE_REPLAY_CONCURRENCY: '64',
        NORTHGATE_POLICIES: JSON.stringify([{ ...policy, completeWithin: '2s' }]),
        ...settings,
      },
      { maintenanceTrialMs, ...(leaseTtlMs === undefined ? {} : { leaseTtlMs }) },
    ),
  );
  await until(() => gateway.coordinator.isOpen, 'the gate is open');
  return new Place({ pair, gateway, receiver, traps, proxies }, stack.move());
}

/** Other places play in this process meanwhile: a journal that is not heard in time is asked again, as by a service manager. */
async function startGatewayAtLast(...given: Parameters<typeof startGatewayWith>): Promise<Gateway> {
  for (let left = startsMax; ; left -= 1) {
    try {
      return await startGatewayWith(...given);
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}
