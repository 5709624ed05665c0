/**
 * The gateway's own ports: free, held by a Northgate that runs, or held by something else; and the certificates that
 * they show. A port that nobody answers on is listened on for a moment to see whether it can be had.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../../config/schema.ts';
import { judgeOwnCertificate } from './certificate.ts';
import { at, type Check, check, fail, pass, skip, type Verdict, warn } from './check.ts';
import { reach } from './connection.ts';
import { ask, type Peer } from './questions.ts';

/** Of this machine's own ports; more would mean that it is starved. */
const waitMs = 3_000;

export type Holder =
  | { readonly kind: 'any-free' }
  | { readonly kind: 'free' }
  | { readonly kind: 'northgate'; readonly says: string }
  | { readonly kind: 'other'; readonly says: string }
  /** `code` as the system says it when it is listened on, such as EACCES. */
  | { readonly kind: 'refused'; readonly code: string };

interface Listener {
  readonly id: 'northbound' | 'ops' | 'callbacks';
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert?: string };
  readonly path: string;
}

export interface Listeners {
  readonly checks: readonly Check[];
  /** Whether a gateway answers on any of the ports. */
  readonly isRunning: boolean;
}

export async function examineListeners({ northbound, ops, callbacks }: Config): Promise<Listeners> {
  const listeners: Listener[] = [
    { id: 'northbound', ...northbound, path: '/northgate/v1/doctor' },
    { id: 'ops', ...ops, path: '/readyz' },
  ];
  if (callbacks.port !== undefined) {
    const host = callbacks.host ?? northbound.host;
    const tls = callbacks.publicUrl?.startsWith('https:') === true ? northbound.tls : {};
    listeners.push({ id: 'callbacks', host, port: callbacks.port, tls, path: '/northgate/v1/doctor' });
  }
  const holders = await Promise.all(listeners.map(findHolder));
  const checks = listeners.flatMap((listener, index) => {
    const { id, host, port, tls } = listener;
    const subject = `${id} ${at(host, port)}`;
    return [
      check(`${id}.port`, subject, judgeHolder(holders[index] ?? { kind: 'free' })),
      check(`${id}.certificate`, subject, judgeListenerTls(listener, tls.cert)),
    ];
  });
  return { checks, isRunning: holders.some((holder) => holder.kind === 'northgate') };
}

function judgeListenerTls({ id, host }: Listener, cert: string | undefined): Verdict {
  if (cert !== undefined || id === 'callbacks') return judgeOwnCertificate(cert, `${id}.tls`, Date.now());
  if (isLoopback(host)) return skip('plain HTTP on loopback');
  return warn('plain HTTP: credentials are sent in the clear', `set ${id}.tls, or end TLS in front of the gateway`);
}

const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1' || host === 'localhost';

/** A port below 1024 that this user may not have may all the same be held by a gateway that may. */
const mayBeHeld: ReadonlySet<string> = new Set(['EADDRINUSE', 'EACCES']);

/** A wildcard is called at loopback. */
const callable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);

/** Listening comes first: who answers at an address of another machine holds nothing of ours, even if it is a gateway. */
async function findHolder({ host, port, tls, path }: Listener): Promise<Holder> {
  if (port === 0) return { kind: 'any-free' };
  const tried = await tryListening(host, port);
  if (tried.kind !== 'refused' || !mayBeHeld.has(tried.code)) return tried;
  const called = callable(host);
  const reached = await reach(called, port, waitMs);
  if (reached.kind !== 'connected') return tried;
  // Only to see who it is: no credentials are sent.
  const peer: Peer = { host: called, port, trust: tls.cert === undefined ? null : { verify: false } };
  const answer = await ask(peer, { path, waitMs });
  if (answer.kind === 'answered') return whoAnswers(answer.status, answer.body);
  return { kind: 'other', says: answer.kind === 'silent' ? 'silent' : answer.code };
}

/** Every refusal of Northgate's is a problem of its own kind; `/readyz` says its status. */
export function whoAnswers(status: number, body: Buffer): Holder {
  try {
    const said = JSON.parse(body.toString()) as { type?: unknown; status?: unknown; reason?: unknown };
    if (said.status === 'ready') return { kind: 'northgate', says: 'ready' };
    if (said.status === 'unready') return { kind: 'northgate', says: `unready: ${String(said.reason)}` };
    if (String(said.type).startsWith('urn:northgate:problem:')) return { kind: 'northgate', says: 'answering' };
  } catch {
    // Not JSON: somebody else.
  }
  return { kind: 'other', says: `HTTP ${status}` };
}

async function tryListening(host: string, port: number): Promise<Holder> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    return { kind: 'free' };
  } catch (error) {
    return { kind: 'refused', code: (error as NodeJS.ErrnoException).code ?? String(error) };
  } finally {
    server.close();
  }
}

export function judgeHolder(holder: Holder): Verdict {
  switch (holder.kind) {
    case 'any-free':
      return skip('0: the system gives a free port at the start');
    case 'free':
      return pass('free');
    case 'northgate':
      if (!holder.says.startsWith('unready')) return pass(`held by a running Northgate, ${holder.says}`);
      return warn(`held by a running Northgate, ${holder.says}`, '`northgate status` says what it waits for');
    case 'other':
      return fail(`held by another program (${holder.says})`, 'end that one, or give this listener another port');
    case 'refused':
      return fail(`cannot be listened on (${holder.code})`, remedies[holder.code] ?? 'give it another host or port');
  }
}

const remedies: Readonly<Record<string, string>> = {
  EACCES: 'give it a port from 1024 on, or the process the right to listen below (CAP_NET_BIND_SERVICE)',
  EADDRINUSE: 'end the program that holds it, or give this listener another port',
  EADDRNOTAVAIL: 'give it an address of this machine',
  ENOTFOUND: 'give it an address of this machine, or a name that resolves to one',
};
