/**
 * From a name to an address to a way there: what the resolver says, and from which of this machine's addresses the
 * system would send. Nothing is sent to find the route: a UDP socket is only connected.
 */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { nameMaxMs, within } from './bounded.ts';
import { fail, pass, type Verdict, warn } from './check.ts';

export type Named =
  | { readonly kind: 'address' }
  | { readonly kind: 'resolved'; readonly addresses: readonly string[] }
  /** `code` as the resolver says it, such as ENOTFOUND; `late`: it did not answer. */
  | { readonly kind: 'unknown'; readonly code: string };

/** Never rejects. */
export async function resolveName(host: string): Promise<Named> {
  if (isIP(host) !== 0) return { kind: 'address' };
  try {
    const found = await within(nameMaxMs, lookup(host, { all: true }));
    if (found === 'late') return { kind: 'unknown', code: 'late' };
    return { kind: 'resolved', addresses: [...new Set(found.map(({ address }) => address))] };
  } catch (error) {
    return { kind: 'unknown', code: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

/** `key` is where the name stands in the configuration. */
export function judgeName(named: Named, key: string): Verdict {
  if (named.kind === 'address') return pass('is an address, there is nothing to look up');
  if (named.kind === 'unknown') {
    const found = named.code === 'late' ? `not resolved within ${nameMaxMs / 1000} s` : `not resolved (${named.code})`;
    return fail(found, `correct ${key}, or this machine’s resolver; an address needs neither`);
  }
  const [first, ...others] = named.addresses;
  if (others.length === 0) return pass(`resolves to ${first}`);
  return warn(
    `resolves to ${named.addresses.join(' and ')}`,
    `let it have one address, or write that into ${key}: a switchover is told by the answers of one`,
  );
}

/** The addresses of a host; none if it has no name that is known. */
export function addressesOf(host: string, named: Named): readonly string[] {
  if (named.kind === 'address') return [host];
  return named.kind === 'resolved' ? named.addresses : [];
}

export type Route =
  | { readonly kind: 'from'; readonly address: string }
  | { readonly kind: 'none'; readonly code: string };

/** Never rejects. */
export function findRoute(address: string): Promise<Route> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  return new Promise<Route>((resolve) => {
    const none = (error: NodeJS.ErrnoException): void => resolve({ kind: 'none', code: error.code ?? error.message });
    socket.once('error', none);
    // Port 9 (discard): nothing is sent, but the system wants a number.
    socket.connect(9, address, (error?: Error) => {
      if (error === undefined) resolve({ kind: 'from', address: socket.address().address });
      else none(error);
    });
  }).finally(() => socket.close());
}

export function judgeRoute(route: Route): Verdict {
  if (route.kind === 'none') {
    return fail(`no route (${route.code})`, 'give this machine an interface or a gateway to the network of ESC');
  }
  const link = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ address }) => address === route.address),
  );
  return pass(`from ${route.address}${link === undefined ? '' : ` on ${link[0]}`}`);
}
