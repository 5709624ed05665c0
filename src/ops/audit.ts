/**
 * Who did what. The newest `entriesMax` in the memory of this process, and every one as a line of the log, which is the
 * durable record of them. Refused acts are in it too.
 */
import type { Logger } from 'pino';
import Type, { type Static } from 'typebox';
import { instant, nullable, toInstant } from './schema-kinds.ts';

export const auditEntrySchema = Type.Object(
  {
    at: instant(),
    who: Type.String({ description: 'Name of the token; `loopback` where no tokens are configured.' }),
    act: Type.String({ description: 'Operation id of the request.' }),
    target: nullable(Type.String({ description: 'The transaction, or null.' })),
    detail: nullable(Type.String({ description: 'What was asked, as JSON.' })),
    status: Type.Integer({ description: 'HTTP status of the answer.' }),
  },
  { $id: 'AuditEntry', description: 'One act of an operator.' },
);

export type AuditEntry = Static<typeof auditEntrySchema>;

const entriesMax = 1000;
const detailMaxChars = 1000;

export class Audit {
  readonly #log: Logger;
  readonly #entries: AuditEntry[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  add(entry: Omit<AuditEntry, 'at' | 'detail'> & { asked: unknown }): void {
    const { asked, ...rest } = entry;
    const detail = asked === undefined || asked === null ? null : JSON.stringify(asked).slice(0, detailMaxChars);
    const kept = { at: toInstant(Date.now()), ...rest, detail };
    this.#entries.push(kept);
    if (this.#entries.length > entriesMax) this.#entries.shift();
    this.#log.info({ audit: kept }, `${kept.who}: ${kept.act}`);
  }

  /** Newest first. */
  newest(limit: number): AuditEntry[] {
    return this.#entries.slice(-limit).reverse();
  }
}
