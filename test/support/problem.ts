/** What every problem has (RFC 9457, contract section 3), whichever layer of the gateway gave it. */
import assert from 'node:assert/strict';
import { fieldOf } from './echo-esc.ts';
import type { RawAnswer } from './raw-client.ts';

/** Asserts it and gives the fields that tests look at. `sent` is `no` unless said otherwise. */
export function assertProblem(
  answer: RawAnswer,
  { status, code, sent = 'no' }: { status: number; code: string; sent?: string },
): { detail: string; allow: string; connection: string } {
  const text = answer.body.toString();
  assert.equal(answer.status, status, text);
  assert.equal(fieldOf(answer.headers, 'content-type'), 'application/problem+json', text);
  const date = fieldOf(answer.headers, 'date');
  assert.ok(Math.abs(Date.parse(date) - Date.now()) < 60_000, `Date: ${date}`);
  const problem = JSON.parse(text);
  assert.equal(problem.type, `urn:northgate:problem:${code}`, text);
  assert.equal(problem.status, status);
  assert.equal(problem.sent, sent);
  assert.ok(problem.title.length > 0);
  assert.ok(problem.detail.length > 0);
  return {
    detail: problem.detail,
    allow: fieldOf(answer.headers, 'allow'),
    connection: fieldOf(answer.headers, 'connection'),
  };
}
