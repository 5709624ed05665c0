/**
 * One gateway of the simulated world: `startGateway` in a process that can be killed and frozen between any two of its
 * events, and is started anew. What listens, listens here.
 */
import type { Logger } from 'pino';
import { type Gateway, startGateway } from '../../src/app.ts';
import type { Receiver } from '../../src/callbacks/receive.ts';
import type { Config } from '../../src/config/schema.ts';
import type { NorthboundOptions } from '../../src/http/northbound-listener.ts';
import type { Ops } from '../../src/ops/ops.ts';
import { Owner, runAs } from './clock.ts';
import { type ClientAnswer, type ClientRequest, Conversation } from './conversation.ts';
import { theWorld } from './edges/world.ts';
import type { JournalLink } from './journal-link.ts';
import { leaseMs } from './times.ts';

export interface ReplicaOptions {
  readonly name: string;
  readonly config: Config;
  readonly link: (owner: Owner) => JournalLink;
}

const restartMs = 300;
const skewMaxMs = 7_000;
const closeMaxMs = 2_000;

export class Replica {
  readonly name: string;
  owner: Owner;
  gateway: Gateway | null = null;
  northbound: NorthboundOptions | null = null;
  ops: Ops | null = null;
  receiver: Receiver | null = null;
  link: JournalLink | null = null;
  /** Times that it was started. */
  starts = 0;
  /** Something is being done to it. */
  isBusy = false;
  /** Since when an operator holds its gate, by its own clock. */
  heldSince: number | null = null;
  readonly #options: ReplicaOptions;
  readonly #asked = new Set<{ conversation: Conversation | null; end: () => void }>();
  #isStopping = false;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.name = options.name;
    this.owner = new Owner(options.name);
    this.owner.isDead = true;
  }

  get isListening(): boolean {
    return this.northbound !== null && this.gateway !== null && !this.#isStopping;
  }

  /** As a supervisor does: again, if it does not come up; one at a time. */
  start(): void {
    if (!this.owner.isDead) return;
    const { name, config, link } = this.#options;
    const world = theWorld();
    const owner = new Owner(name, Math.round(world.random.between(-skewMaxMs, skewMaxMs)));
    this.owner = owner;
    this.#isStopping = false;
    this.starts += 1;
    this.link = link(owner);
    const { journal } = this.link;
    world.tell(name, 'starts');
    runAs(owner, () => {
      startGateway(config, this.#log(owner), {
        leaseTtlMs: leaseMs,
        maintenanceTrialMs: 500,
        open: async () => journal,
      }).then(
        (gateway) => {
          this.gateway = gateway;
          world.tell(name, 'listens', gateway.replica);
        },
        (error: unknown) => {
          world.tell(name, 'cannot start', String(error));
          world.clock.after(0, null, () => {
            if (this.owner !== owner) return;
            this.kill();
            world.clock.after(restartMs, null, () => this.start());
          });
        },
      );
    });
  }

  /** Nothing of it happens any more; what it sent is on its way. */
  kill(): void {
    this.owner.isDead = true;
    this.#forget();
  }

  #forget(): void {
    this.heldSince = null;
    this.gateway = null;
    this.northbound = null;
    this.ops = null;
    this.receiver = null;
    for (const { end } of [...this.#asked]) end();
  }

  /** SIGTERM; resolves when it has ended, or would be killed. */
  async stop(): Promise<void> {
    const { owner, gateway } = this;
    const { clock } = theWorld();
    if (gateway === null) return;
    let isClosed = false;
    runAs(owner, () => void gateway.close().then(() => (isClosed = true)));
    for (let waitedMs = 0; !isClosed && waitedMs < 10_000; waitedMs += 50) await clock.pause(50);
    if (this.owner === owner) this.kill();
  }

  /** Takes no new requests; resolves when the answers under way are given, or after a while. */
  async closeNorthbound(): Promise<void> {
    this.#isStopping = true;
    const { clock } = theWorld();
    for (let waitedMs = 0; this.#asked.size > 0 && waitedMs < closeMaxMs; waitedMs += 50) await clock.pause(50);
  }

  /** A client asks. @returns what it calls when it leaves. */
  ask(asked: ClientRequest, answered: (answer: ClientAnswer | 'none') => void): () => void {
    const { clock, lines, checkTold, reads } = theWorld();
    const under: { conversation: Conversation | null; end: () => void } = {
      conversation: null,
      end: () => {
        this.#asked.delete(under);
        clock.after(lines.delayMs(), null, () => answered('none'));
      },
    };
    this.#asked.add(under);
    const { owner } = this;
    clock.after(lines.delayMs(), owner, () => {
      if (this.northbound === null) return void under.end();
      const give = (answer: ClientAnswer): void => {
        this.#asked.delete(under);
        if (asked.method === 'GET') reads.check(owner, asked.path, answer);
        else checkTold(answer);
        clock.after(lines.delayMs(), null, () => answered(answer));
      };
      under.conversation = new Conversation(this.northbound, asked, { give, cut: under.end });
    });
    return () => {
      this.#asked.delete(under);
      clock.after(lines.delayMs(), owner, () => under.conversation?.leave());
    };
  }

  async statusOf(transaction: string): Promise<string | null> {
    const found = await this.gateway?.journal.get(transaction);
    return found?.state.status ?? null;
  }

  readonly takeReport = async (
    token: string,
    headers: readonly string[],
    body: Buffer,
  ): Promise<'taken' | 'unknown' | 'unavailable'> => {
    if (this.receiver === null) throw new Error('ECONNREFUSED');
    return this.receiver.take(token, headers, body);
  };

  #log(owner: Owner): Logger {
    const { tell, complain } = theWorld();
    const say =
      (level: string) =>
      (given: object | string, text = ''): void => {
        if (owner.isDead) return;
        const { err, ...rest } = typeof given === 'string' ? { err: undefined } : (given as { err?: unknown });
        const said = typeof given === 'string' ? given : text;
        const cause =
          err instanceof Error ? `${err.message}${err.cause instanceof Error ? ` (${err.cause.message})` : ''}` : '';
        tell(owner.name, level, said, JSON.stringify(rest), cause);
        if (said.includes('defect') || cause.includes('defect')) complain('a defect', `${said} ${cause}`);
      };
    const quiet = (): void => undefined;
    return {
      debug: quiet,
      trace: quiet,
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
      fatal: say('error'),
    } as unknown as Logger;
  }
}
