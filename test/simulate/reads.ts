/**
 * What clients are told of what they read, against what the pair said: a safe request leaves no trace in the journal, so
 * it is judged at the moment when it is answered. Nothing is made up, nothing is of an epoch that is over, nothing that a
 * starting container says is taken for ESC's word (R12).
 */
import { isDoubtful } from '../../src/domain/outcome.ts';
import type { Clock, Owner } from './clock.ts';
import type { ClientAnswer } from './conversation.ts';
import type { SimulatedPair } from './pair.ts';
import type { Replica } from './replica.ts';

interface Said {
  readonly owner: Owner;
  readonly path: string;
  readonly status: number;
  readonly body: string;
  /** In which the replica that heard it had asked. */
  readonly epoch: number;
}

export interface ReadsOptions {
  readonly clock: Clock;
  readonly pair: SimulatedPair;
  readonly replicas: () => readonly Replica[];
  readonly complain: (rule: string, says: string) => void;
}

/** What the gateway may say itself of a request that it only passes on; 503: it drains, or holds too much. */
const ownStatuses: ReadonlySet<number> = new Set([502, 503, 504]);
const saidMax = 500;

export class Reads {
  readonly #options: ReadsOptions;
  readonly #said: (Said & { readonly at: number })[] = [];
  /** Answers that were judged. */
  checked = 0;

  constructor(options: ReadsOptions) {
    this.#options = options;
  }

  /** A replica passes one on: only while its gate is open. */
  leaves(owner: Owner, path: string): void {
    const { replicas, complain } = this.#options;
    const gateway = replicas().find((each) => each.owner === owner)?.gateway;
    const { mode, reason } = gateway?.coordinator.gate() ?? { mode: 'open', reason: 'none' };
    // In maintenance mode it is ESC that says no, and a gate that opens is shut in the same instant.
    if (mode !== 'open' && reason !== 'maintenance') complain('a read was not held', path);
  }

  /** A replica heard this answer to what it passed on. */
  said(answer: Said): void {
    this.#said.push({ ...answer, at: this.#options.clock.now });
    if (this.#said.length > saidMax) this.#said.shift();
  }

  /** A replica gives this answer to a client that reads. */
  check(owner: Owner, path: string, { status, headers, body }: ClientAnswer): void {
    const { replicas, pair, complain } = this.#options;
    this.checked += 1;
    if (headers['northgate-transaction'] !== undefined) complain('a read that is a transaction', path);
    const contentType = headers['content-type'] ?? '';
    if (contentType === 'application/problem+json') {
      if (!ownStatuses.has(status)) complain('a read that the gateway refused', `${status} to ${path}`);
      return;
    }
    const said = this.#said.findLast(
      (each) => each.owner === owner && each.path === path && each.status === status && each.body === body,
    );
    if (said === undefined) return void complain('a read was answered with what nobody said', `${status} to ${path}`);
    const epoch = replicas().find((each) => each.owner === owner)?.gateway?.coordinator.epoch;
    if (epoch !== undefined && epoch !== said.epoch)
      complain('a read was answered out of an epoch that is over', `${said.epoch}, and it is ${epoch}: ${path}`);
    const isPage = isDoubtful({ status, contentType, bodyBytes: body.length });
    if (isPage && (pair.saidReady.get(owner) ?? 0) < said.at) complain('a page was read as true (R12)', path);
  }
}
