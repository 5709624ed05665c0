/**
 * The listeners without sockets: what would be called from outside is handed to the replica's place in the world, which
 * calls it (`replica.ts`). Routes of the gateway's own resources are not played.
 */

import type { Receiver } from '../../../src/callbacks/receive.ts';
import type { CallbackListenerOptions } from '../../../src/http/callback-listener.ts';
import type { Listener, NorthboundOptions } from '../../../src/http/northbound-listener.ts';
import type { OpsAppOptions } from '../../../src/http/ops-app.ts';
import { theReplica } from './world.ts';

const nowhere = { host: '127.0.0.1', port: 1, url: 'http://127.0.0.1:1' };

export async function listenNorthbound(options: NorthboundOptions): Promise<Listener> {
  const replica = theReplica();
  replica.northbound = options;
  return { ...nowhere, close: () => replica.closeNorthbound() };
}

export async function listenOps({ ops }: OpsAppOptions): Promise<Listener> {
  theReplica().ops = ops;
  return { ...nowhere, close: async () => undefined };
}

export async function listenCallbacks({ receiver }: CallbackListenerOptions): Promise<Listener> {
  theReplica().receiver = receiver as Receiver;
  return { ...nowhere, close: async () => undefined };
}

export const ownRoutes = (): void => undefined;
export const callbackRoutes = (): void => undefined;
