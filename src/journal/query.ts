/**
 * The query of a request's target in a record's head, sealed: a path says which resource is meant and is searched for, but a
 * query may hold anything. Everything above the stores sees the whole target. Without a key a head stays as it is.
 */
import type { Cipher } from './cipher.ts';
import { purposeOf } from './credentials.ts';
import type { Row } from './record.ts';

/** Its value is base64 of sealed bytes. */
const field = 'sealedQuery';
type Head = { readonly id: string; readonly path: string; readonly [field]?: unknown };

export function withSealedQuery(head: string, path: string, cipher: Cipher): string {
  const at = path.indexOf('?');
  if (at === -1 || cipher.keyId === null) return head;
  const { id, ...said } = JSON.parse(head) as Head;
  const query = cipher.seal(Buffer.from(path.slice(at)), purposeOf(id, 'query'));
  return JSON.stringify({ id, ...said, path: path.slice(0, at), [field]: Buffer.from(query).toString('base64') });
}

/** As it was. A query that no key opens stays away, with a word in its place: its body is as closed, so it is never sent. */
export function withOpenQuery<Read extends Row>(row: Read, cipher: Cipher): Read {
  const { sealed, head } = sealedQueryOf(row.head);
  if (sealed === null) return row;
  const { [field]: _, ...said } = head;
  return { ...row, head: JSON.stringify({ ...said, path: `${head.path}${opened(sealed, head.id, cipher)}` }) };
}

/** Of a head as a store keeps it; null: its query is not sealed, or it has none. */
export function sealedQueryOf(head: string): { sealed: Buffer | null; head: Head } {
  // In JSON a quotation mark within a value is escaped, so nothing that a client said looks like this.
  if (!head.includes(`"${field}":`)) return { sealed: null, head: { id: '', path: '' } };
  const read = JSON.parse(head) as Head;
  const value = read[field];
  return { sealed: typeof value === 'string' ? Buffer.from(value, 'base64') : null, head: read };
}

function opened(sealed: Buffer, id: string, cipher: Cipher): string {
  try {
    return Buffer.from(cipher.open(sealed, purposeOf(id, 'query'))).toString();
  } catch {
    return '?(sealed with a key that is not here)';
  }
}
