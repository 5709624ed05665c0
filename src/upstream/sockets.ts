/**
 * Sockets to the VIP. Invariant (R7): every one that is given up is reset, not closed, whoever gives it up: undici,
 * a deadline or the end of an epoch. The kernel goes on delivering what a closed socket had written; a reset drops it.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { buildConnector } from 'undici';

export interface TlsTrust {
  /** PEM; undefined: the system's authorities. */
  readonly ca?: string;
  readonly verify: boolean;
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** null: plain HTTP. */
  readonly trust: TlsTrust | null;
  readonly connectTimeoutMs: number;
}

/** Why a connection whose node shows this certificate must not be used; null: it may. */
export type Admit = (certificate: string) => Promise<string | null>;

const keepAliveDelayMs = 1000;

/**
 * Makes `destroy` of a TCP socket reset its connection. `top` is what is written to: the same one, or the TLS socket on
 * it. One that is ending by itself cannot be reset any more: libuv refuses, and Node would then leak the handle.
 */
function resetOnDestroy(raw: net.Socket, top: net.Socket): void {
  const destroy = raw.destroy.bind(raw);
  let isResetting = false;
  let cause: Error | undefined;
  raw.destroy = (error?: Error) => {
    // Node's reset comes back here without the error; undici would then know no more than that it closed.
    if (isResetting) return destroy(error ?? cause);
    isResetting = true;
    cause = error;
    if (!raw.destroyed && !raw.connecting && !raw.writableEnded && !top.writableEnded) raw.resetAndDestroy();
    return destroy(error);
  };
}

/**
 * Opens a socket whose `destroy` resets it. Emits `connect`, or `secureConnect` with TLS, or `error`, like any other.
 * With TLS the reset waits for Node's own order, TLS first and TCP by it: the other way round it crashes the process when
 * a certificate is refused.
 */
export function open(options: Pick<ConnectOptions, 'host' | 'port' | 'trust'>): net.Socket {
  const raw = net.connect({ host: options.host, port: options.port, noDelay: true });
  const socket = options.trust === null ? raw : secure(raw, options.host, options.trust);
  resetOnDestroy(raw, socket);
  raw.once('connect', () => raw.setKeepAlive(true, keepAliveDelayMs));
  return socket;
}

/**
 * Connects to the VIP as undici asks; `live` gets every socket until it is closed. With TLS undici gets one only when
 * `admit` let it, so that no byte of a request goes to another node than the one that was seen READY.
 */
export function connector(
  options: ConnectOptions & { readonly admit: Admit },
  live: Set<net.Socket>,
): buildConnector.connector {
  return (_, callback) => {
    let done = false;
    const socket = open(options);
    live.add(socket);
    const finish = (error: Error | null): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      if (error === null) callback(null, socket);
      else callback(error, null);
    };
    const timer = setTimeout(() => {
      finish(new Error(`no connection to ${options.host}:${options.port} within ${options.connectTimeoutMs} ms`));
      socket.destroy();
    }, options.connectTimeoutMs);
    if (socket instanceof tls.TLSSocket) {
      socket.once('secureConnect', () => {
        const certificate = certificateOf(socket);
        const asked = certificate === '' ? Promise.resolve('it shows no certificate') : options.admit(certificate);
        void asked.then((refusal) => {
          finish(refusal === null ? null : new Error(refusal));
          if (refusal !== null) socket.destroy();
        });
      });
    } else {
      socket.once('connect', () => finish(null));
    }
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // undici takes ECONNRESET for the end of an answer without length, and half an answer for a whole one.
      if (error.code === 'ECONNRESET') error.code = 'RESET';
      finish(error);
    });
    socket.once('close', () => {
      live.delete(socket);
      finish(new Error(`the connection to ${options.host}:${options.port} closed before it was made`));
    });
    return socket;
  };
}

/**
 * What tells one node from the other: the fingerprint of the certificate (SHA-256). An empty string where none is to be
 * had, as on a resumed session: Node forgets it then, so none is ever resumed (`secure` gives no session).
 */
export const certificateOf = (socket: tls.TLSSocket): string => socket.getPeerCertificate().fingerprint256 ?? '';

function secure(raw: net.Socket, host: string, trust: TlsTrust): tls.TLSSocket {
  const servername = net.isIP(host) === 0 ? host : undefined;
  const socket = tls.connect({
    socket: raw,
    host,
    ...(servername === undefined ? {} : { servername }),
    ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    rejectUnauthorized: trust.verify,
    ALPNProtocols: ['http/1.1'],
  });
  raw.on('error', (error) => socket.destroy(error));
  return socket;
}
