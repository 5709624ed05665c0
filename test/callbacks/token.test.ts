// Tokens: read back what they were made of, and nothing else.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { callbackUrl, type TokenParts, Tokens } from '../../src/callbacks/token.ts';

const key = randomBytes(32);
const parts: TokenParts = {
  transactionId: '0mi3k1c9d-9a1e2f77-aaaa-bbbb-cccc-0123456789ab',
  attempt: 12,
  kind: 'events',
};

test('a token names its transaction, attempt and purpose, and fits a step of a path', () => {
  const tokens = new Tokens(key);
  for (const kind of ['callback', 'events', 'clean-up'] as const) {
    const token = tokens.make({ ...parts, kind });
    assert.deepEqual(tokens.read(token), { ...parts, kind });
    assert.ok(token.length <= 100 && encodeURIComponent(token) === token, token);
  }
});

test('a token that was changed, cut, extended or made with another key is none', () => {
  const tokens = new Tokens(key);
  const token = tokens.make(parts);
  const [id, attempt, letter, proof = ''] = token.split('.');
  const forged = [
    '',
    '.',
    `${id}.${attempt}.${letter}`,
    `${id}.13.${letter}.${proof}`,
    `${id}.012.${letter}.${proof}`,
    `${id}.${attempt}.c.${proof}`,
    `x${id}.${attempt}.${letter}.${proof}`,
    token.slice(0, -1),
    `${token}A`,
    `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    `${id}.${attempt}.${letter}.${'é'.repeat(32)}`,
    'a'.repeat(100_000),
    new Tokens(randomBytes(32)).make(parts),
  ];
  for (const each of forged) assert.equal(tokens.read(each), null, each.slice(0, 100));
});

test('tokens hold when the journal’s key is changed and the old one is kept', () => {
  const token = new Tokens(key).make(parts);
  assert.deepEqual(new Tokens(randomBytes(32), [key]).read(token), parts);
});

test('the URL that ESC is given is below the public one, however that ends', () => {
  assert.equal(callbackUrl('https://gw.example/', 't'), 'https://gw.example/northgate/v1/callbacks/t');
  assert.equal(callbackUrl('http://gw:9/under', 't'), 'http://gw:9/under/northgate/v1/callbacks/t');
});
