/**
 * Opens the socket of a journal's connection wherever the server is at the moment, for ioredis.
 * Why not ioredis' own: its Cluster client sends a command again whose connection broke, and sends WAIT to any node; its
 * Sentinel client either never tells that no Sentinel answers, or then ends for ever. Here a failed search is a failed
 * attempt to connect, with the same delays, and a cluster's one node is a server like any other (R33: there is one slot).
 */
import { createConnection, isIP, Socket } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { AbstractConnector } from 'ioredis';
import { disconnectTimeoutMs } from './client.ts';
import type { Finder } from './place.ts';

/** What INFO says of the server of a connection; all of it absent where the account may not run INFO. */
export interface ServerInfo {
  readonly role?: string;
  readonly run_id?: string;
  readonly redis_version?: string;
}

/** `met` is called each time a connection is made, before any command of the journal is sent on it. */
export function connectorOf(find: Finder, tls: ConnectionOptions | null, met: (info: ServerInfo) => void) {
  return class Connector extends AbstractConnector {
    #asking = new AbortController();
    #tell: (type: string, error: Error) => void = () => {};

    constructor() {
      super(disconnectTimeoutMs);
    }

    override async connect(tell: (type: string, error: Error) => void): Promise<Socket> {
      this.connecting = true;
      this.#tell = tell;
      this.#asking = new AbortController();
      const { signal } = this.#asking;
      let stream: Socket;
      try {
        const { host, port } = await find(signal);
        signal.throwIfAborted();
        // A name in the greeting must not be an address (RFC 6066, section 3).
        const name = isIP(host) === 0 ? { servername: host } : {};
        stream = tls === null ? createConnection({ host, port }) : connect({ ...name, ...tls, host, port });
      } catch (error) {
        // ioredis takes a socket that is destroyed for a failed attempt, and an error for the end.
        this.firstError = error as Error;
        stream = new Socket().destroy();
      }
      stream.once('error', (error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }

    /** A replica would give an older journal to read, and refuse to write: then it is asked again where the master is. */
    override check(info: ServerInfo): boolean {
      if (info.role !== undefined && info.role !== 'master') {
        this.#tell('error', new Error('this Redis is a replica; a journal is kept on a master'));
        return false;
      }
      met(info);
      return true;
    }

    override disconnect(): void {
      this.#asking.abort();
      super.disconnect();
    }
  };
}
