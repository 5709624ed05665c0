/** What the runner asks the replicas' ops listeners: the whole journal, and an operator's resolution. Any one will do. */
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import type { JournalEntry } from './ledgers.ts';
import type { Replica } from './replica.ts';

const pageSize = 500;
const askedMs = 20_000;

/** Rejects when none of them answers within the deadline. */
export async function askAny<Body>(
  replicas: readonly Replica[],
  path: string,
  { body, deadlineMs = 120_000 }: { body?: object; deadlineMs?: number } = {},
): Promise<Body> {
  const deadlineAt = Date.now() + deadlineMs;
  let last = 'none listens';
  while (Date.now() < deadlineAt) {
    for (const { options, isListening } of replicas) {
      if (!isListening) continue;
      try {
        const answer = await request(`http://127.0.0.1:${options.opsPort}${path}`, {
          method: body === undefined ? 'GET' : 'POST',
          headersTimeout: askedMs,
          bodyTimeout: askedMs,
          ...(body === undefined
            ? {}
            : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        });
        const text = await answer.body.text();
        if (answer.statusCode < 300) return JSON.parse(text) as Body;
        last = `${answer.statusCode} ${text}`;
      } catch (error) {
        last = (error as Error).message;
      }
    }
    await pause(200);
  }
  throw new Error(`no replica answers ${path}: ${last}`);
}

/** All transactions with a status, or all there are, in the order of arrival. */
export async function journalOf(replicas: readonly Replica[], status?: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  const filter = status === undefined ? '' : `&status=${status}`;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: JournalEntry[]; nextCursor: string | null } = await askAny(
      replicas,
      `/v1/transactions?limit=${pageSize}${filter}${after}`,
    );
    entries.push(...page.items);
    cursor = page.nextCursor;
  }
  return entries.reverse();
}
