/** Forms of IP addresses: the plain one, and the IPv4 address that an IPv6 address carries. Nothing is looked up. */
import { isIP } from 'node:net';

/** Without zone and brackets, IPv6 as RFC 5952 writes it; null if it is no address. */
export function plainAddress(written: string): string | null {
  const bare = written.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (isIP(bare) === 4) return bare;
  if (isIP(bare) !== 6) return null;
  return new URL(`http://[${bare}]/`).hostname.slice(1, -1);
}

/**
 * Of a plain IPv6 address that only carries an IPv4 one: mapped (`::ffff:a.b.c.d`), compatible (`::a.b.c.d`), translated
 * (`::ffff:0:a.b.c.d`, RFC 6052 `64:ff9b::a.b.c.d` and RFC 8215 `64:ff9b:1::a.b.c.d`) or 6to4 (`2002:abcd::`, RFC 3056). Null for all others.
 */
export function embeddedIPv4(plain: string): string | null {
  if (isIP(plain) !== 6) return null;
  const groups = groupsOf(plain);
  if (groups[0] === 0x2002) return dotted(groups[1], groups[2]);
  const before = groups.slice(0, 6);
  const isCarrier = carriers.some((carrier) =>
    carrier.every((group, index) => group === null || before[index] === group),
  );
  // `::` and `::1` are addresses of their own.
  const isOwn = before.every((group) => group === 0) && groups[6] === 0 && (groups[7] ?? 0) <= 1;
  return isCarrier && !isOwn ? dotted(groups[6], groups[7]) : null;
}

/** The first 96 bits of those that carry an IPv4 address in their last 32; null is any group. */
const carriers: readonly (readonly (number | null)[])[] = [
  [0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0xffff],
  [0, 0, 0, 0, 0xffff, 0],
  [0x64, 0xff9b, 0, 0, 0, 0],
  [0x64, 0xff9b, 1, null, null, null],
];

function groupsOf(plain: string): number[] {
  const [head = '', tail] = plain.split('::');
  const numbers = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const first = numbers(head);
  if (tail === undefined) return first;
  const last = numbers(tail);
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

const dotted = (high = 0, low = 0): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');
