/** Re-encrypting an embedded journal, some records in one transaction; nobody else has it open. */
import type { DatabaseSync } from 'node:sqlite';
import type { Cipher } from '../cipher.ts';
import type { KeptName, SealedBody } from '../credentials.ts';
import type { Resealed } from '../journal.ts';
import { withOpenQuery } from '../query.ts';
import { type Row, transactionOf } from '../record.ts';
import { resealed } from '../resealing.ts';
import type { Records } from './records.ts';

interface Place {
  readonly database: DatabaseSync;
  readonly records: Records;
  readonly cipher: Cipher;
}

/** @throws what SQLite says; then nothing of the step is there. */
export function reseal({ database, records, cipher }: Place, afterSequence: number, limit: number): Resealed {
  const find = database.prepare(
    'SELECT version, sequence, head, course FROM transactions WHERE sequence > ? ORDER BY sequence LIMIT ?',
  );
  const bodiesOf = database.prepare('SELECT which, sealed FROM bodies WHERE sequence = ?');
  const putBody = database.prepare('INSERT OR REPLACE INTO bodies VALUES (?, ?, ?)');
  const putHead = database.prepare('UPDATE transactions SET head = ? WHERE sequence = ?');
  const meta = database.prepare(`SELECT value FROM meta WHERE name = 'earlier-until'`);
  return records.atomic(() => {
    const rows = find.all(afterSequence, limit) as unknown as Row[];
    let values = 0;
    let unopened = 0;
    let earlierUntil = Number(meta.get()?.value ?? 0);
    for (const row of rows) {
      const transaction = transactionOf(withOpenQuery(row, cipher));
      const bodies = bodiesOf
        .all(row.sequence)
        .map(({ which, sealed }): SealedBody => [which as KeptName, sealed as Uint8Array]);
      const done = resealed({ transaction, row, bodies }, cipher);
      for (const { name, fresh } of done.changes) {
        if (name === 'head') putHead.run(String(fresh), row.sequence);
        else putBody.run(row.sequence, name, fresh);
      }
      if (done.changes.length > 0) earlierUntil = Math.max(earlierUntil, transaction.receivedAt);
      values += done.changes.length;
      unopened += done.unopened;
    }
    database.prepare(`INSERT OR REPLACE INTO meta VALUES ('earlier-until', ?)`).run(earlierUntil);
    return { records: rows.length, values, unopened, last: rows.at(-1)?.sequence ?? null, earlierUntil };
  });
}
