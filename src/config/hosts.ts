// Addresses, host names and CIDR blocks: whether a text is one, and its plain form. Nothing is looked up.

import { isIP, isIPv4, isIPv6 } from 'node:net';

const HOST_CHARACTERS_MAX = 253;
const loopbackIPv6 = /^(::|(0+:){7})0*1$|^::ffff:127\./i;
const label = /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/;

/** An IPv4 or IPv6 address (brackets are taken off) or a host name (RFC 1123, underscores allowed); else `undefined`. */
export function parseHost(written: string): string | undefined {
  const bare = /^\[([^\]]*)\]$/.exec(written)?.[1];
  if (bare !== undefined) return isIPv6(bare) ? bare : undefined;
  if (isIP(written) !== 0) return written;
  if (written.length > HOST_CHARACTERS_MAX) return undefined;
  const labels = written.split('.');
  // A name whose last label is a number would be taken for a mistyped address (WHATWG URL, section 3.5).
  if (/^[0-9]+$/.test(labels.at(-1) ?? '')) return undefined;
  return labels.every((each) => label.test(each)) ? written : undefined;
}

/** A host as above, or an address with a prefix length. */
export function parseNetwork(written: string): string | undefined {
  const slash = written.indexOf('/');
  if (slash < 0) return parseHost(written);
  const version = isIP(written.slice(0, slash));
  const bits = written.slice(slash + 1);
  if (version === 0 || !/^[0-9]{1,3}$/.test(bits)) return undefined;
  return Number(bits) <= (version === 4 ? 32 : 128) ? written : undefined;
}

/** Whether a listener on this host can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  return (isIPv4(host) && host.startsWith('127.')) || (isIPv6(host) && loopbackIPv6.test(host));
}
