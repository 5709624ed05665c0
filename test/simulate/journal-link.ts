/**
 * A replica's way to the shared journal: every call takes time, and may not arrive, arrive late, or be carried out without
 * the replica hearing of it. Calls of one replica arrive in the order in which they were made, but for those that are late.
 */
import type { Transaction } from '../../src/domain/transaction.ts';
import { type Change, type Journal, JournalUnavailable, type Unavailable } from '../../src/journal/journal.ts';
import type { Owner } from './clock.ts';
import type { JournalServer } from './journal-server.ts';
import { journalTimeoutMs } from './times.ts';

/** `reset`: refused at once. `silent`: nothing comes back, and what was sent arrives when it is whole again. */
export type LinkState = 'whole' | 'reset' | 'silent';

const lateMaxMs = 3_000;

export class JournalLink {
  readonly owner: Owner;
  readonly journal: Journal;
  readonly #server: JournalServer;
  readonly #changes = new Set<(change: Change) => void>();
  readonly #leases = new Set<(replica: string) => void>();
  readonly #servers = new Set<(runId: string) => void>();
  /** The life of the server that this replica speaks with, as far as it knows. */
  #lives: number;
  #state: LinkState = 'whole';
  #isClosed = false;
  #onTheWay: (() => void)[] = [];
  #arrivesAt = 0;
  #answersAt = 0;

  constructor(server: JournalServer, owner: Owner) {
    this.#server = server;
    this.owner = owner;
    this.#lives = server.lives;
    this.journal = this.#port();
  }

  /** The connection to another server stands: the replica hears of it before anything is asked of that one. */
  #meet(): void {
    this.#server.clock.after(0, this.owner, () => {
      if (this.#lives === this.#server.lives) return;
      this.#lives = this.#server.lives;
      for (const listener of this.#servers) listener(`run-${this.#lives}`);
    });
  }

  become(state: LinkState): void {
    this.#state = state;
    if (state !== 'silent') for (const arrive of this.#onTheWay.splice(0)) arrive();
  }

  /** Another replica wrote, or ended. */
  hear(change: Change): void {
    for (const listener of this.#changes) listener(change);
  }

  hearOfLease(replica: string): void {
    for (const listener of this.#leases) listener(replica);
  }

  #call<Result>(work: () => Promise<Result>): Promise<Result> {
    const { clock, random } = this.#server;
    const { owner } = this;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (this.#isClosed) return Promise.reject(new Error('the journal is closed'));
    const timeout = clock.after(journalTimeoutMs, owner, () => reject(new Error('the journal did not answer in time')));
    const answer = (how: () => void): void => {
      this.#answersAt = Math.max(this.#answersAt, clock.now + this.#server.delayMs());
      clock.after(this.#answersAt - clock.now, owner, () => {
        timeout.isCancelled = true;
        how();
      });
    };
    const asked = this.#lives;
    const refuse = (): void => answer(() => reject(new Error('the connection to the journal was reset')));
    const mishap = this.#server.isTroubled && random.isLucky(this.#server.mishapShare) ? random.pick(mishaps) : 'none';
    const carryOut = (): void => {
      const { lives } = this.#server;
      work().then(
        (result) => (mishap !== 'none' || lives !== this.#server.lives ? refuse() : answer(() => resolve(result))),
        (error: unknown) => answer(() => reject(error)),
      );
    };
    const arrive = (): void => {
      if (this.#state === 'silent') return void this.#onTheWay.push(arrive);
      if (this.#state === 'reset' || mishap === 'before') return void refuse();
      if (asked !== this.#server.lives) {
        if (this.#server.isUp) this.#meet();
        return void refuse();
      }
      if (mishap === 'late') {
        refuse();
        clock.after(random.between(0, lateMaxMs), null, () => {
          if (asked === this.#server.lives) this.#server.take(carryOut, () => undefined);
        });
      } else this.#server.take(carryOut, refuse);
    };
    this.#arrivesAt = Math.max(this.#arrivesAt, clock.now + this.#server.delayMs());
    clock.after(this.#arrivesAt - clock.now, null, arrive);
    return promise;
  }

  async #read<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#call(work);
    } catch (cause) {
      throw new JournalUnavailable('the journal cannot be read', { cause });
    }
  }

  async #write<Result>(work: () => Promise<Result>): Promise<Result | Unavailable> {
    try {
      return await this.#call(work);
    } catch (cause) {
      return { word: 'unavailable', cause };
    }
  }

  #port(): Journal {
    const server = this.#server;
    const { store } = server;
    const written = (transaction: Transaction): void => server.wrote(transaction, this);
    return {
      digests: store.digests,
      create: (creation) =>
        this.#write(async () => {
          const created = await store.create(creation);
          if (created.word === 'created') written(created.transaction);
          return created;
        }),
      replace: async (replacement) => {
        const { unconfirmed } = server.loss;
        const write = `${replacement.transaction.id} ${replacement.transaction.version + 1}`;
        const confirmed = await this.#write(async () => {
          const replaced = await store.replace(replacement);
          if (replaced.word === 'replaced') {
            if (server.isNew(replaced.transaction)) server.checkConditions(replacement);
            if (replacement.bodies !== undefined) unconfirmed.add(write);
            written(replaced.transaction);
          }
          return replaced;
        });
        if (confirmed.word === 'replaced') unconfirmed.delete(write);
        return confirmed;
      },
      holder: (transaction) => this.#read(() => store.holder(transaction)),
      release: (transaction) => this.#write(() => store.release(transaction)),
      restore: (restoration) =>
        this.#write(async () => {
          const restored = await store.restore(restoration);
          await server.restored(restoration.transaction.id, this);
          return restored;
        }),
      get: (id) => this.#read(() => store.get(id)),
      body: (id, which) => this.#read(() => store.body(id, which)),
      list: (query) => this.#read(() => store.list(query)),
      open: (query) => this.#read(() => store.open(query)),
      deadLetters: (query) => this.#read(() => store.deadLetters(query)),
      counts: () => this.#read(() => store.counts()),
      epoch: () => this.#read(() => store.epoch()),
      bumpEpoch: (expected, record) =>
        this.#write(async () => server.bumped(await store.bumpEpoch(expected, record), this)),
      raiseEpoch: (known) =>
        this.#write(async () => {
          const raised = await store.raiseEpoch(known);
          if (raised.word === 'raised') server.raised(raised.epoch);
          return raised;
        }),
      putSwitchover: (record) => this.#write(() => store.putSwitchover(record)),
      switchovers: (limit) => this.#read(() => store.switchovers(limit)),
      renewLease: (replica, ttlMs) => this.#write(() => store.renewLease(replica, ttlMs)),
      endLease: (replica) =>
        this.#write(async () => {
          const ended = await store.endLease(replica);
          server.ended(replica, this);
          return ended;
        }),
      leases: () => this.#read(() => store.leases()),
      subscribe: (listener) => subscribed(this.#changes, listener),
      subscribeLeases: (listener) => subscribed(this.#leases, listener),
      subscribeServer: (listener) => subscribed(this.#servers, listener),
      // Of one that nobody has used yet nothing is missing.
      isTrusted: () =>
        this.#read(async () => {
          if (server.epoch === 0) server.trusted = server.lives;
          return server.trusted === server.lives;
        }),
      trust: () =>
        this.#write(async () => {
          server.trusted = server.lives;
          return 'trusted' as const;
        }),
      prune: (doneBefore, limit) => this.#read(() => store.prune(doneBefore, limit)),
      durability: () => this.#read(() => store.durability()),
      close: async () => {
        this.#isClosed = true;
      },
    };
  }
}

const mishaps = ['before', 'after', 'late'] as const;

function subscribed<Told>(listeners: Set<(told: Told) => void>, listener: (told: Told) => void): () => void {
  const own = (told: Told): void => listener(told);
  listeners.add(own);
  return () => listeners.delete(own);
}
