/**
 * Makes good what a journal lacks that came back on another server: failed over, restarted, or empty (R34). The walk:
 * write back what this replica knows to be newer; for one lease's time let the others do the same, while nothing new
 * begins and nobody adopts; then end the epoch. Answers that ESC gave meanwhile are recorded before it ends (R35).
 * Invariant: a server that changes again begins it anew. Every gateway repairs for itself; what one knew that died, nobody does.
 */
import type { Logger } from 'pino';
import { standingOf } from '../domain/restoring.ts';
import { backoffMs } from '../domain/retry.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Trust } from '../journal/guarded-journal.ts';
import { type Bodies, type BodyName, type Journal, JournalUnavailable, type Restoration } from '../journal/journal.ts';
import type { Known, Recent } from '../journal/recent.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';

/** What became of a record that this replica knows. `lost`: it cannot be made whole again. */
export type Mended = 'there' | 'restored' | 'key-taken' | 'overtaken' | 'lost';

export interface RepairOptions {
  /** Itself, unguarded. */
  readonly journal: Journal;
  readonly recent: Recent;
  readonly trust: Trust;
  readonly coordinator: Pick<Coordinator, 'epoch' | 'endEpoch'>;
  readonly leaseTtlMs: number;
  readonly log: Logger;
  readonly onMended: (mended: Mended) => void;
}

const recordsAtOnce = 64;
/** Between a read of a record and its restoration another replica may write it; not this often in a row. */
const triesMax = 20;

export class Repair {
  readonly #options: RepairOptions;
  readonly #unsubscribe: () => void;
  #noticedAt = 0;
  #isRunning = false;
  #isClosed = false;
  /** Ends of pauses that must not outlive a change or the gateway. */
  readonly #pauses = new Set<() => void>();
  #notice: string | null = null;

  /** Listens from now on; the journal must be one whose server can change. */
  constructor(options: RepairOptions) {
    this.#options = options;
    this.#unsubscribe = options.journal.subscribeServer(() => this.#changed());
  }

  /** For operators: what was written back the last time that something was missing, and what could not be. Null: never. */
  get notice(): string | null {
    return this.#notice;
  }

  /** This gateway starts on a journal that nobody has yet taken at its word where it is now: others may be writing back. */
  begin(): void {
    this.#changed();
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#wake();
  }

  #wake(): void {
    for (const end of [...this.#pauses]) end();
  }

  /** Called before anything is asked of the new server. */
  #changed(): void {
    const { trust, log } = this.#options;
    trust.changes += 1;
    trust.stage = 'restoring';
    this.#noticedAt = now();
    log.warn('the journal is on another server: nothing new begins until what it may lack is written back');
    this.#wake();
    if (!this.#isRunning) void this.#run();
  }

  /** Never rejects: it ends when the journal is whole, or the gateway closes. */
  async #run(): Promise<void> {
    const { trust, leaseTtlMs, log, journal } = this.#options;
    this.#isRunning = true;
    while (trust.stage !== 'whole' && !this.#isClosed) {
      const { changes } = trust;
      const isCurrent = (): boolean => trust.changes === changes && !this.#isClosed;

      // 1. What this replica knows. The epoch first, so that no older one is taken for the current one.
      trust.stage = 'restoring';
      const epoch = await this.#raiseEpoch(isCurrent);
      if (epoch === null || !(await this.#writeBack(isCurrent))) continue;

      // 2. What the others know; answers are recorded meanwhile.
      trust.stage = 'quiet';
      await this.#pauseUntil(this.#noticedAt + leaseTtlMs);
      // A key may have belonged to one that another gateway gave back as given up meanwhile.
      if (!isCurrent() || !(await this.#writeBack(isCurrent))) continue;

      // 3. Whatever was sent on the word of the old server is doubted from now on.
      await this.#options.coordinator.endEpoch(epoch);
      if (!isCurrent()) continue;
      trust.stage = 'whole';
      const noted = await journal.trust();
      if (noted !== 'trusted')
        log.error(
          { err: noted.cause },
          'that the journal is whole could not be noted: who starts next will wait for it',
        );
      log.info({ epoch: this.#options.coordinator.epoch }, 'the journal is whole again as far as this gateway knows');
    }
    this.#isRunning = false;
  }

  /** The epoch that stands; null: the server changed again, or the gateway closes. */
  async #raiseEpoch(isCurrent: () => boolean): Promise<number | null> {
    const { journal, coordinator } = this.#options;
    for (let failures = 1; isCurrent(); failures += 1) {
      const raised = await journal.raiseEpoch(coordinator.epoch);
      if (raised.word === 'raised') return raised.epoch;
      await this.#retry(failures, raised.cause);
    }
    return null;
  }

  /** False: the server changed again, or the gateway closes. */
  async #writeBack(isCurrent: () => boolean): Promise<boolean> {
    const counts: Record<Mended, number> = { there: 0, restored: 0, 'key-taken': 0, overtaken: 0, lost: 0 };
    const all = this.#options.recent.all();
    for (let from = 0; from < all.length && isCurrent(); from += recordsAtOnce) {
      const page = all.slice(from, from + recordsAtOnce);
      for (const mended of await Promise.all(page.map((known) => this.#mend(known, isCurrent)))) {
        if (mended !== null) counts[mended] += 1;
      }
    }
    if (!isCurrent()) return false;
    this.#report(counts);
    return true;
  }

  /** One record; null: the server changed again, or the gateway closes. */
  async #mend(known: Known, isCurrent: () => boolean): Promise<Mended | null> {
    const { journal, log, onMended } = this.#options;
    const { id } = known.transaction;
    for (let failures = 1; isCurrent(); failures += 1) {
      const mended = await tryToMend(journal, known);
      if (typeof mended === 'string') {
        if (mended !== 'there') onMended(mended);
        if (mended !== 'there' && mended !== 'restored') log.warn({ transaction: id, mended }, sentences[mended]);
        return mended;
      }
      await this.#retry(failures, mended.cause);
    }
    return null;
  }

  #report(counts: Record<Mended, number>): void {
    const { there, restored, 'key-taken': keyTaken, overtaken, lost } = counts;
    const written = restored + keyTaken;
    if (written + overtaken + lost === 0) {
      this.#options.log.info({ known: there }, 'the journal has everything that this gateway knows');
      return;
    }
    this.#notice =
      `the journal came back at ${new Date(this.#noticedAt).toISOString()} without what it had confirmed: ` +
      `${written} transactions were written back, ${keyTaken} of them without their key; ` +
      `${overtaken + lost} could not be (R34)`;
    this.#options.log.error({ ...counts }, this.#notice);
  }

  async #retry(failures: number, cause: unknown): Promise<void> {
    this.#options.log.error({ err: cause }, 'the journal does not take what it lacks; it is tried again');
    await this.#pauseUntil(now() + backoffMs(failures, Math.random()));
  }

  /** Ends early when the server changes again or the gateway closes. */
  #pauseUntil(at: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, Math.max(0, at - now()));
      this.#pauses.add(end);
    });
  }
}

const sentences = {
  'key-taken': 'its record is back in the journal, but its key belongs to another transaction by now',
  overtaken: 'another gateway went on from an older record of it, which stands',
  lost: 'its record is lost: it was never sent, and its request was too long ago or too large to be remembered',
} satisfies Partial<Record<Mended, string>>;

/** Reads, compares, writes over what was read. An object says why not now. */
async function tryToMend(journal: Journal, known: Known): Promise<Mended | { readonly cause: unknown }> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    let wanted: Mended | Restoration;
    try {
      wanted = await wantedOf(journal, known);
    } catch (cause) {
      if (cause instanceof JournalUnavailable) return { cause };
      throw cause;
    }
    if (typeof wanted === 'string') return wanted;
    const restored = await journal.restore(wanted);
    if (restored.word === 'unavailable') return restored;
    if (restored.word !== 'stale-version') return restored.word;
  }
  return 'overtaken';
}

/** What is to be written back, if anything. Rejects with JournalUnavailable. */
async function wantedOf(journal: Journal, known: Known): Promise<Mended | Restoration> {
  const { transaction, bodies, isReleased } = known;
  const found = await journal.get(transaction.id);
  const standing = standingOf(found, transaction);
  if (standing === 'there' && isReleased) void journal.release(transaction);
  if (standing === 'there' && found !== null) return (await lackingOf(journal, known, found)) ?? 'there';
  if (standing !== 'older') return standing;
  // Nobody could send it.
  if (found === null && transaction.state.status === 'held' && bodies.request === undefined) return 'lost';
  return { transaction, over: found?.version ?? 0, bodies, isReleased };
}

/**
 * Bytes that this replica alone wrote, of a record that another one wrote back without them (a report that it took of the
 * other's transaction), and the key if nobody has it. The record stays what it is. Null: the journal has all of that.
 */
async function lackingOf(journal: Journal, known: Known, found: Transaction): Promise<Restoration | null> {
  const lacking: Bodies = {};
  for (const [name, bytes] of Object.entries(known.bodies) as [BodyName, Uint8Array | undefined][]) {
    if (bytes !== undefined && (await journal.body(found.id, name)) === null) lacking[name] = bytes;
  }
  const holder = await journal.holder(found);
  const isKeyFree = holder === null && found.idempotencyKey !== null && found.state.status !== 'abandoned';
  if (Object.keys(lacking).length === 0 && !isKeyFree) return null;
  const isReleased = !isKeyFree && holder?.id !== found.id;
  return { transaction: found, over: found.version, bodies: lacking, isReleased };
}
