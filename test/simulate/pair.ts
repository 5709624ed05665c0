/**
 * The pair of the simulated world: the cluster, the REST northbound and the ledger of `src/sim`, on virtual time, with
 * `line.ts` in place of sockets. It is `src/sim/pair.ts` without a machine under it.
 */
import { randomUUID } from 'node:crypto';
import type { Operation } from '../../src/sim/admission.ts';
import { Cluster, type Network, type Served } from '../../src/sim/cluster.ts';
import type { Exchange } from '../../src/sim/exchange.ts';
import { type CrashOrder, Faults } from '../../src/sim/faults.ts';
import { healthOf, renderHealth } from '../../src/sim/health.ts';
import { BoundedLog, type ExecutedRequest, Vim } from '../../src/sim/ledger.ts';
import type { Life } from '../../src/sim/life.ts';
import type { SimNode } from '../../src/sim/node.ts';
import { type PairOptions, type PairSettings, pairSettings } from '../../src/sim/profiles.ts';
import type { Resource } from '../../src/sim/resources.ts';
import { type RestContext, serveRest } from '../../src/sim/rest.ts';
import type { Owner } from './clock.ts';
import type { Answered, Asked, Line } from './line.ts';
import type { Lines } from './lines.ts';

const entriesMax = 1_000_000;

export class SimulatedPair {
  readonly cluster: Cluster;
  readonly faults = new Faults();
  readonly vim = new Vim(entriesMax);
  readonly requests = new BoundedLog<ExecutedRequest>(entriesMax);
  readonly settings: PairSettings;
  isInMaintenance = false;
  switchovers = 0;
  /** When an attempt was answered by a node that was not READY, by the attempt's token. */
  readonly early = new Map<string, number>();
  /** When the VIP told a process last that it is READY. */
  readonly saidReady = new Map<Owner | null, number>();
  readonly #lines: Lines;
  readonly #context: RestContext;
  /** What the health monitors say, by what they find. */
  readonly #reports = new Map<string, ReturnType<typeof renderHealth>>();
  #count = 0;

  constructor(lines: Lines, options: PairOptions) {
    this.#lines = lines;
    this.settings = pairSettings({ limits: { requestsMax: entriesMax, ledgerMax: entriesMax }, ...options });
    this.cluster = new Cluster(this.settings);
    lines.receiverOf = (place, port) => this.cluster.receiverOf(place, port);
    lines.serve = (line, served, asked) => this.#serve(line, served, asked);
    this.cluster.join(lines as unknown as Network);
    this.#context = {
      settings: this.settings,
      vim: this.vim,
      faults: this.faults,
      requests: this.requests,
      isInMaintenance: () => this.isInMaintenance,
      crash: (order, life, operation, settled) => this.#crash(order, life, operation, settled),
    };
  }

  async switchover(...given: Parameters<Cluster['switchover']>): Promise<void> {
    this.switchovers += 1;
    await this.cluster.switchover(...given);
  }

  #serve(line: Line, served: Served, asked: Asked): void {
    if (line.port === 'health') return void this.#report(line, served.node);
    const { life, node } = served;
    if (life?.isAlive !== true) return;
    const { method, path, body } = asked;
    const request = { headers: namedFields(asked.headers) };
    const { callback = '' } = request.headers;
    if (node.phase !== 'P4' && callback !== '') this.early.set(tokenOf(callback), this.#lines.clock.now);
    const exchange = { request, response: responseOn(line), node, life, wire: line, method, path, body };
    this.#count += 1;
    const whole = { ...exchange, transaction: randomUUID() } as unknown as Exchange;
    void serveRest(whole, this.#context, this.#count);
  }

  #report(line: Line, node: SimNode): void {
    const { order, isPeerBack } = this.cluster;
    const phase = node.saysReady ? 'P4' : node.phase;
    const report =
      node.brokenCode === undefined
        ? healthOf(order, node.running, phase, isPeerBack)
        : { statusCode: node.brokenCode, stage: undefined };
    if (line.place === 'vip' && report.stage === 'READY') this.saidReady.set(line.client, this.#lines.clock.now);
    const name = JSON.stringify(report);
    const said = this.#reports.get(name) ?? renderHealth(report, 'application/xml', this.settings.profiles);
    this.#reports.set(name, said);
    const { status, contentType, body } = said;
    line.answer({ status, headers: ['content-type', contentType], body });
  }

  #crash({ cause = 'dead-vm', leftover }: CrashOrder, life: Life, { resource }: Operation, settled?: Resource): void {
    const rows = { stuck: resource, error: { ...resource, state: { is: 'error' } as const }, active: settled };
    if (leftover === 'absent') life.store.remove(resource.id);
    else if (leftover) life.store.commit(rows[leftover] ?? resource);
    void this.switchover(cause);
  }
}

/** Transaction and attempt, as the token of a callback URL names them. */
export const tokenOf = (url: string): string => (url.split('/').at(-1) ?? '').split('.').slice(0, 2).join('.');

/** As Node gives them: lower case, one value a name. */
function namedFields(flat: readonly string[]): Record<string, string> {
  const named: Record<string, string> = {};
  for (let index = 0; index < flat.length; index += 2) named[(flat[index] ?? '').toLowerCase()] = flat[index + 1] ?? '';
  return named;
}

/** What `src/sim/exchange.ts` writes an answer on. */
function responseOn(line: Line): object {
  let head: { status: number; headers: string[] } | null = null;
  let begun: Answered | null = null;
  const soon = (done?: () => void): void => {
    if (done !== undefined) setImmediate(done);
  };
  return {
    get destroyed() {
      return line.isClientGone;
    },
    writeHead(status: number, fields: Record<string, string | number>) {
      head = { status, headers: Object.entries(fields).flatMap(([name, value]) => [name, String(value)]) };
    },
    write(part: string, done?: () => void) {
      if (head !== null) begun = { ...head, body: part };
      soon(done);
    },
    end(body: string, done?: () => void) {
      if (head !== null) line.answer({ ...head, body });
      soon(done);
    },
    once: () => undefined,
    socket: {
      write: (_: string, done?: () => void) => soon(done),
      end: () => void line.breakOff('Parse Error: Expected HTTP/', { isInvalid: true }),
      destroy: () => void line.breakOff('other side closed', begun === null ? {} : { begun }),
    },
  };
}
