/**
 * A request target read the way ESC's servlet container most likely reads it (path parameters dropped, empty and `.`
 * segments dropped, `..` resolved), to find its operation and lane.
 * Invariant: only the reading is normalised. What goes to ESC is the client's target, byte for byte. A lane shared by
 * two spellings costs a wait; two lanes for one resource would cost the order (R8), so doubt is read as "the same".
 */

const targetMaxChars = 65_536;
const absoluteForm = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/;
const needsResolving = /\/\/|;|\/(?:\.|%2[eE])|.\/$/;
const encodedDot = /%2[eE]/g;

/** The path of a target as it stands: without query, fragment and, in absolute form (RFC 9112 section 3.2.2), authority. */
export function rawPathOf(target: string): string {
  const bounded = target.length > targetMaxChars ? target.slice(0, targetMaxChars) : target;
  const origin = bounded.startsWith('/') ? bounded : bounded.replace(absoluteForm, '');
  const end = origin.search(/[?#]/);
  return end === -1 ? origin : origin.slice(0, end);
}

/** The path as ESC is taken to read it. Percent-encoding other than of dots stays: a `%2F` never becomes a separator. */
export function readPath(rawPath: string): string {
  if (!needsResolving.test(rawPath)) return rawPath;
  const segments: string[] = [];
  for (const part of rawPath.split('/')) {
    const parameters = part.indexOf(';');
    const segment = parameters === -1 ? part : part.slice(0, parameters);
    const meaning = segment.replace(encodedDot, '.');
    if (meaning === '..') segments.pop();
    else if (meaning !== '' && meaning !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

const prefixes: readonly { prefix: string; northbound: Northbound }[] = [
  { prefix: '/ESCManager', northbound: 'rest' },
  { prefix: '/vnflcm', northbound: 'etsi' },
  { prefix: '/vnffm', northbound: 'etsi' },
  { prefix: '/vnfpm', northbound: 'etsi' },
  { prefix: '/vnfind', northbound: 'etsi' },
];

/** ESC's two northbounds that the gateway fronts. */
export type Northbound = 'rest' | 'etsi';

const under = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}/`);

const decodingsMax = 3;
const encodedSign = /%(2e|2f|5c|3b|25)/gi;

/**
 * The path as a server reads it that decodes more than it should, more than once, or takes a backslash for a slash. Nobody means
 * that; it is asked only whether such a server would be led out of its northbound.
 */
function looselyRead(rawPath: string): string {
  let path = rawPath;
  for (let done = 0; done < decodingsMax; done += 1) {
    path = path.replace(encodedSign, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return readPath(path.replaceAll('\\', '/'));
}

/**
 * Which northbound a path belongs to (contract.md section 3), null for none. The path as written, as read and as read loosely
 * must lie under the prefix: `/ESCManager/../x` would leave what the gateway fronts and is nobody's.
 */
export function northboundOf(rawPath: string, path: string): Northbound | null {
  for (const { prefix, northbound } of prefixes) {
    if (under(rawPath, prefix) && under(path, prefix) && under(looselyRead(rawPath), prefix)) return northbound;
  }
  return null;
}
