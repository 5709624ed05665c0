/**
 * Group commit: all writes that begin in one turn of the event loop go to the store in one command.
 * Invariants: each write's promise resolves, with its own word, and never rejects; one command is bounded in writes and
 * bytes (a bigger turn becomes several); what waits for the store is bounded in bytes. It does not retry.
 */
import type { Unavailable } from './journal.ts';

const writesPerCommitMax = 256;
const bytesPerCommitMax = 4 * 1024 * 1024;
const unconfirmedBytesMax = 256 * 1024 * 1024;

interface Begun<Write, Word> {
  readonly write: Write;
  readonly resolve: (word: Word | Unavailable) => void;
}

export class Turn<Write extends { readonly bytes: number }, Word> {
  readonly #commit: (writes: readonly Write[]) => readonly Word[] | Promise<readonly Word[]>;
  #begun: Begun<Write, Word>[] = [];
  #unconfirmedBytes = 0;
  #unconfirmedCommits = 0;
  #isClosed = false;
  #whenDrained: (() => void)[] = [];

  /** `commit` gives one word a write, in order; if it throws, all its writes are `unavailable`. */
  constructor(commit: (writes: readonly Write[]) => readonly Word[] | Promise<readonly Word[]>) {
    this.#commit = commit;
  }

  add(write: Write): Promise<Word | Unavailable> {
    if (this.#isClosed) return Promise.resolve(unavailable(new Error('the journal is closed')));
    if (this.#unconfirmedBytes + write.bytes > unconfirmedBytesMax) {
      return Promise.resolve(unavailable(new Error(`${unconfirmedBytesMax} bytes wait for the journal already`)));
    }
    this.#unconfirmedBytes += write.bytes;
    return new Promise((resolve) => {
      this.#begun.push({ write, resolve });
      if (this.#begun.length === 1) setImmediate(() => this.#flush());
    });
  }

  /** Takes no more writes; resolves when those begun have their word. */
  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#begun.length === 0 && this.#unconfirmedCommits === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenDrained.push(resolve);
    });
  }

  #flush(): void {
    const begun = this.#begun;
    this.#begun = [];
    let batch: Begun<Write, Word>[] = [];
    let bytes = 0;
    for (const entry of begun) {
      if (batch.length === writesPerCommitMax || (batch.length > 0 && bytes + entry.write.bytes > bytesPerCommitMax)) {
        void this.#commitBatch(batch);
        batch = [];
        bytes = 0;
      }
      batch.push(entry);
      bytes += entry.write.bytes;
    }
    void this.#commitBatch(batch);
  }

  /** Never rejects: called from a timer. */
  async #commitBatch(batch: readonly Begun<Write, Word>[]): Promise<void> {
    this.#unconfirmedCommits += 1;
    let wordOf: (index: number) => Word | Unavailable;
    try {
      const words = await this.#commit(batch.map((entry) => entry.write));
      wordOf = (index) => words[index] ?? unavailable(new Error('the journal gave no word for this write'));
    } catch (cause) {
      wordOf = () => unavailable(cause);
    }
    for (const [index, entry] of batch.entries()) {
      this.#unconfirmedBytes -= entry.write.bytes;
      entry.resolve(wordOf(index));
    }
    this.#unconfirmedCommits -= 1;
    if (this.#isClosed && this.#begun.length === 0 && this.#unconfirmedCommits === 0) {
      for (const resolve of this.#whenDrained.splice(0)) resolve();
    }
  }
}

export const unavailable = (cause: unknown): Unavailable => ({ word: 'unavailable', cause });
