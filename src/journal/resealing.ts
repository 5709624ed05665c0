/**
 * What re-encrypting a journal under its present key makes of one value that a store keeps (rotation). Stores walk their records
 * and write what comes out of here only where the value still stands, so that it may run beside gateways, stop anywhere and run again.
 */
import { isSettled, type Transaction } from '../domain/transaction.ts';
import type { Cipher } from './cipher.ts';
import { type KeptName, parted, purposeOf, type SealedBody } from './credentials.ts';
import { sealedQueryOf, withOpenQuery, withSealedQuery } from './query.ts';
import type { Row } from './record.ts';

/** Values of one record to be written instead of others. */
interface Change {
  readonly name: KeptName | 'head';
  readonly old: Uint8Array | string;
  readonly fresh: Uint8Array | string;
}

interface Kept {
  readonly transaction: Transaction;
  /** As the store keeps it. */
  readonly row: Row;
  readonly bodies: readonly SealedBody[];
}

export function resealed({ transaction, row, bodies }: Kept, cipher: Cipher): { changes: Change[]; unopened: number } {
  const changes: Change[] = [];
  let unopened = 0;
  const attempt = (work: () => Change[]): void => {
    try {
      changes.push(...work());
    } catch {
      unopened += 1;
    }
  };
  attempt(() => headChange({ transaction, row }, cipher));
  const hasCredentials = bodies.some(([name]) => name === 'credentials');
  for (const [name, sealed] of bodies) {
    if (sealed.byteLength === 0 || cipher.isCurrent(sealed)) continue;
    attempt(() => bodyChanges(transaction, [name, sealed], { cipher, hasCredentials }));
  }
  return { changes, unopened };
}

function headChange({ transaction, row }: Pick<Kept, 'transaction' | 'row'>, cipher: Cipher): Change[] {
  const { sealed } = sealedQueryOf(row.head);
  if (sealed !== null) {
    if (cipher.isCurrent(sealed)) return [];
    cipher.open(sealed, purposeOf(transaction.id, 'query'));
  }
  const open = withOpenQuery(row, cipher);
  const fresh = withSealedQuery(open.head, transaction.path, cipher);
  return fresh === row.head ? [] : [{ name: 'head', old: row.head, fresh }];
}

/** Credentials that an earlier release left in the request are put apart, or erased, on the way. */
function bodyChanges(
  { id, state }: Transaction,
  [name, old]: SealedBody,
  { cipher, hasCredentials }: { cipher: Cipher; hasCredentials: boolean },
): Change[] {
  const body = cipher.open(old, purposeOf(id, name));
  const { rest, credentials } = name === 'request' ? parted(body) : { rest: body, credentials: null };
  const fresh = (which: KeptName, bytes: Uint8Array): Uint8Array => cipher.seal(bytes, purposeOf(id, which));
  if (credentials === null || (hasCredentials && !isSettled(state.status)))
    return [{ name, old, fresh: fresh(name, body) }];
  const apart: Change = { name: 'credentials', old: '', fresh: fresh('credentials', credentials) };
  const request: Change = { name, old, fresh: fresh(name, rest) };
  return isSettled(state.status) ? [request] : [apart, request];
}
