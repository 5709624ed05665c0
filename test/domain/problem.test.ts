// The gateway's own errors against the contract, section 3: the codes and statuses stand here as they stand there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError, type ProblemCode, problems } from '../../src/domain/problem.ts';

const contract = `
  \`invalid-request\` 400, \`key-required\` 400, \`key-malformed\` 400, \`callback-refused\` 400, \`unauthorized\` 401, \`forbidden\` 403, \`not-found\` 404,
  \`method-not-allowed\` 405, \`conflict\` 409, \`body-too-large\` 413, \`uri-too-long\` 414, \`unsupported-media-type\` 415, \`key-reused\` 422, \`rate-limited\` 429, \`headers-too-large\` 431, \`internal\` 500, \`not-implemented\` 501, \`upstream-unreachable\` 502, \`upstream-invalid\` 502, \`hold-expired\`, \`hold-full\`, \`draining\`,
  \`journal-unavailable\` 503, \`upstream-timeout\` 504.`;

/** Beyond the contract, which may be added to. */
const added: Record<string, number> = { 'request-timeout': 408 };

/** Codes that share the status behind the last of them have none of their own. */
function statusesOf(text: string): Record<string, number> {
  const found = [...text.matchAll(/`([a-z-]+)`(?: (\d{3}))?/g)].map(([, code = '', status]) => ({ code, status }));
  const statuses: Record<string, number> = {};
  found.forEach(({ code }, index) => {
    statuses[code] = Number(found.slice(index).find(({ status }) => status !== undefined)?.status);
  });
  return statuses;
}

test("the codes and statuses are the contract's", () => {
  const ours = Object.fromEntries(Object.entries(problems).map(([code, { status }]) => [code, status]));
  assert.deepEqual(ours, { ...statusesOf(contract), ...added });
});

test('every problem has a title that tells it from all others', () => {
  const titles = Object.values(problems).map(({ title }) => title);
  assert.equal(new Set(titles).size, titles.length);
  assert.ok(titles.every((title) => /^[A-Z].*[^.]$/.test(title)));
});

test('a client is asked to come back where time may help, and only there', () => {
  const retried = (Object.keys(problems) as ProblemCode[]).filter((code) => problems[code].retry);
  const mayHelp = [408, 429, 502, 503, 504];
  assert.deepEqual(
    retried,
    (Object.keys(problems) as ProblemCode[]).filter((code) => mayHelp.includes(problems[code].status)),
  );
});

test('an error of the gateway bears its code, its status, its detail and its cause', () => {
  const cause = new Error('disk full');
  const error = new GatewayError('journal-unavailable', { detail: 'Send it again.', sent: 'no', cause });
  assert.deepEqual(
    [error.code, error.status, error.message, error.cause],
    ['journal-unavailable', 503, 'Send it again.', cause],
  );
  assert.equal('cause' in new GatewayError('draining', { detail: 'Later.' }), false);
});
