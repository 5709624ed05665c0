/**
 * The three ledgers of a chaos run and what disturbed it, as data: what the clients were told, what the journal says,
 * what the pair executed. Nothing here judges; `audit.ts` does.
 */
import type { Effect, ExecutedRequest } from '../../src/sim/ledger.ts';

export type OrderKind = 'create' | 'update' | 'delete' | 'action';

/** One sending by a client, and what came of it. */
export interface Try {
  readonly at: number;
  readonly endedAt: number;
  /** `none`: no whole answer came, because the client had waited enough or the connection broke. */
  readonly came: 'answer' | 'none' | 'refused';
  readonly status?: number;
  /** The header `Northgate-Transaction`, or `transaction` of a problem. */
  readonly transaction?: string;
  readonly escTransaction?: string;
  /** The code of the gateway's own error; absent: the answer is ESC's, made up, or a promise. */
  readonly problem?: string;
  readonly sent?: string;
  /** A digest of the body. */
  readonly body?: string;
}

/** One thing that a client wants done once, however often it has to ask. */
export interface Order {
  /** Also the last step of its callback URL, and its Client-Transaction-Id. */
  readonly id: string;
  readonly key: string | null;
  readonly kind: OrderKind;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
  readonly prefer: string | null;
  /** The event that ends it. */
  readonly ends: string;
  readonly tries: Try[];
  /** The settled status that the gateway told when it was asked for the transaction. */
  readonly asked: { transaction: string; status: string }[];
}

/** One delivery of a report, as a client's receiver got it. */
export interface Heard {
  readonly at: number;
  readonly order: string;
  readonly delivery: string;
  readonly event: string;
  readonly status: string;
  readonly escTransaction: string;
}

export interface ClientLedger {
  readonly orders: readonly Order[];
  readonly heard: readonly Heard[];
}

/** The part of the ops API's transaction that is judged. */
export interface JournalEntry {
  readonly id: string;
  readonly status: string;
  readonly method: string;
  readonly path: string;
  readonly lane: string;
  readonly idempotencyKey: string | null;
  readonly receivedAt: string;
  readonly settledAt: string | null;
  readonly reason: string | null;
  readonly responseStatus: number | null;
  readonly escTransactionId: string | null;
  readonly owner: string;
  readonly attempts: readonly {
    readonly number: number;
    readonly kind: string;
    readonly outcome?: string;
    readonly at?: string;
    readonly endedAt?: string;
    readonly callbacks: readonly { readonly id: string; readonly delivery: string }[];
  }[];
}

/** Something that was done to the parts, for the stories of those that were hit by it. */
export interface Disturbance {
  readonly from: number;
  to: number;
  readonly what: string;
  /** Whether a client may hear a report twice because of it (R30). */
  readonly mayRepeat: boolean;
}

export interface PairLedger {
  /** Mutating requests, in the order of their execution. */
  readonly requests: readonly ExecutedRequest[];
  readonly effects: readonly Effect[];
  /** What stands on the VIM, as `TYPE ID`. */
  readonly standing: readonly string[];
}

export interface Ledgers {
  readonly clients: ClientLedger;
  /** In the order of arrival. */
  readonly journal: readonly JournalEntry[];
  readonly pair: PairLedger;
  readonly disturbances: readonly Disturbance[];
}
