/**
 * Header fields across the gateway, as RFC 9110 sections 7.6.1 and 7.6.3 demand: hop-by-hop fields and those that
 * `Connection` names end here, all others pass in order and in the sender's spelling. Lists are flat: name, value, …
 */

/** Ended at each hop, listed in `Connection` or not. Proxy-* belong to another conversation. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Said anew towards ESC: the authority is the VIP's, framing is undici's, expectations are the gateway's to meet. */
const saidAnew: ReadonlySet<string> = new Set(['host', 'content-length', 'expect']);

/** The names, in lower case, that the message's own `Connection` fields list. */
function listedIn(flat: readonly string[]): Set<string> | null {
  let listed: Set<string> | null = null;
  for (let index = 0; index < flat.length; index += 2) {
    if (flat[index]?.toLowerCase() !== 'connection') continue;
    listed ??= new Set();
    for (const name of (flat[index + 1] ?? '').split(',')) listed.add(name.trim().toLowerCase());
  }
  return listed;
}

/** End-to-end fields of a message. `also` names further ones to leave out, in lower case. */
export function endToEnd(flat: readonly string[], also?: ReadonlySet<string>): string[] {
  const listed = listedIn(flat);
  const kept: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] ?? '';
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || listed?.has(lower) || also?.has(lower)) continue;
    kept.push(name, flat[index + 1] ?? '');
  }
  return kept;
}

/** How a request came, as far as the next hop is told. */
export interface Received {
  readonly httpVersion: string;
  /** How this gateway names itself in `Via`. */
  readonly pseudonym: string;
  /** What `Max-Forwards` said, where it counts; null: nothing. */
  readonly forwardsMax: number | null;
}

/** What goes to ESC of a client's header: end-to-end fields, `Via` added, `Max-Forwards` lowered (RFC 9110 section 7.6). */
export function towardsEsc(rawHeaders: readonly string[], received: Received): string[] {
  const { httpVersion, pseudonym, forwardsMax } = received;
  const kept = endToEnd(rawHeaders, saidAnew);
  if (forwardsMax !== null) {
    const at = kept.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === 'max-forwards');
    if (at !== -1) kept[at + 1] = String(forwardsMax - 1);
  }
  kept.push('Via', `${httpVersion} ${pseudonym}`);
  return kept;
}

/** Whether a request has been through the gateway of this name before (RFC 9110 section 7.6.3). */
export const hasPassed = (rawHeaders: readonly string[], pseudonym: string): boolean =>
  valuesOf(rawHeaders, 'via').some((value) =>
    value.split(',').some((hop) => hop.trim().split(/[ \t]+/)[1] === pseudonym),
  );

/** The values of a field, in order; names compare without case. */
export function valuesOf(flat: readonly string[], name: string): string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    if (flat[index]?.toLowerCase() === wanted) values.push(flat[index + 1] ?? '');
  }
  return values;
}

/** The first value of a field, or an empty string. */
export const firstValue = (flat: readonly string[], name: string): string => valuesOf(flat, name)[0] ?? '';

/** A copy with one field replaced, or added at the end. */
export function withField(flat: readonly string[], name: string, value: string): string[] {
  const without = endToEndOf(flat, name.toLowerCase());
  without.push(name, value);
  return without;
}

function endToEndOf(flat: readonly string[], lower: string): string[] {
  const kept: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    if (flat[index]?.toLowerCase() !== lower) kept.push(flat[index] ?? '', flat[index + 1] ?? '');
  }
  return kept;
}
