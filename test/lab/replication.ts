/**
 * What a node's services and the lab's store say to each other, one line of JSON each, over a Unix socket that no fault
 * of the network touches. The store stands for DRBD and for the VIM: committed resources are in it, and effects.
 */
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Effect, ExecutedRequest } from '../../src/sim/ledger.ts';
import type { Resource } from '../../src/sim/resources.ts';
import type { Phase } from '../../src/sim/takeover.ts';

/** From a node. The first one is `hello`; the answers to `promote` and `still` come in the order of the questions. */
export type ToStore =
  | { readonly is: 'hello'; readonly node: string }
  /** May this node write from now on? */
  | { readonly is: 'promote' }
  /** May it still, as far as it can know? */
  | { readonly is: 'still' }
  | { readonly is: 'commit'; readonly resource: Resource }
  | { readonly is: 'remove'; readonly id: string }
  | { readonly is: 'effect'; readonly effect: Effect }
  | { readonly is: 'request'; readonly request: ExecutedRequest }
  | { readonly is: 'phase'; readonly phase: Phase };

export type FromStore =
  | { readonly is: 'promoted'; readonly rows: readonly Resource[] }
  | { readonly is: 'refused' }
  | { readonly is: 'still'; readonly isPrimary: boolean };

export function say(socket: Socket, message: ToStore | FromStore): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** Calls back with each message, in order. What the other side says is believed: both are the lab's own. */
export function hear<Message extends ToStore | FromStore>(socket: Socket, each: (message: Message) => void): void {
  const lines = createInterface({ input: socket });
  lines.on('line', (line) => each(JSON.parse(line) as Message));
  // One that was killed breaks its connection; that it is closed is heard from the socket.
  lines.on('error', () => undefined);
}
