/**
 * The subject of a client's certificate against the one that was configured (RFC 4514: `CN=orchestrator,O=Telco`). Equal means
 * the same attributes with the same values and no others, in any order; values are compared as they are, never as one text,
 * so that no comma or line break within a value can pass for another attribute.
 */
import type { PeerCertificate } from 'node:tls';

/** Sorted pairs; null: not a subject. */
export function subjectOf(written: string): string[] | null {
  const pairs = written.match(/(?:\\.|[^,\\])+/gs) ?? [];
  const attributes = pairs.map((pair) => {
    const [, name, value] = /^\s*([A-Za-z][A-Za-z0-9.-]*)\s*=\s*(.*?)\s*$/s.exec(pair) ?? [];
    return name === undefined || value === undefined || value === ''
      ? null
      : pairOf(name, value.replace(/\\(.)/gs, '$1'));
  });
  const known = attributes.filter((each) => each !== null);
  return known.length === 0 || known.length < attributes.length ? null : known.sort();
}

/** Of a certificate that the handshake has checked. */
function attributesOf({ subject }: PeerCertificate): string[] {
  return Object.entries(subject ?? {})
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => pairOf(name, String(each))))
    .sort();
}

export function isSubject(certificate: PeerCertificate, written: string): boolean {
  const wanted = subjectOf(written);
  const found = attributesOf(certificate);
  return wanted !== null && wanted.length === found.length && wanted.every((each, index) => each === found[index]);
}

/** Whether its time has not ended yet. */
export const isValidAt = ({ valid_to: until }: PeerCertificate, at: number): boolean => !(Date.parse(until) < at);

const pairOf = (name: string, value: string): string => JSON.stringify([name.toUpperCase(), value]);
