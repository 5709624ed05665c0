/** Who calls the gateway from the north, and a client that waits for its answer. Who that is was found out before (`http/clients.ts`). */
import type { ServerResponse } from 'node:http';
import type { RequestTrace } from '../tracing/tracing.ts';
import type { Authorities } from './answer.ts';
import type { Patience } from './preferences.ts';

export interface Caller {
  /** Configured name, or what R27 makes of the credentials. */
  readonly client: string;
  /** End-to-end fields as they go to ESC, credentials decided. */
  readonly headers: readonly string[];
  readonly authorities: Authorities;
  /** Absent or null: it is not traced. */
  readonly trace?: RequestTrace | null;
  /** Fires when the client's connection is gone. */
  readonly hasLeft: AbortSignal;
}

/** A client that waits for what is told of a transaction, and how it is to be told. */
export interface Client {
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly patience: Patience;
  /** It met an earlier request, whose client may have been promised something before. */
  readonly hasJoined: boolean;
}
