/** `Prefer` (RFC 7240): what is honoured, what is ignored, what is said of it; and that ESC gets it all the same. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { echo, fieldOf } from '../../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../../support/echo-world.ts';
import { type RawAnswer, requestText } from '../../support/raw-client.ts';

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
beforeEach(() => {
  world.esc.answering = echo;
});
after(() => world[Symbol.asyncDispose]());

let count = 0;

async function ask(...fields: string[]): Promise<RawAnswer> {
  count += 1;
  const client = await world.connect();
  client.write(requestText([`POST /ESCManager/p/${count} HTTP/1.1`, 'Host: a', ...fields]));
  return await client.answer();
}

const honoured = [
  ['respond-async', 'respond-async'],
  ['Respond-ASYNC', 'respond-async'],
  ['respond-async=""', 'respond-async'],
  ['foo; bar="a, respond", respond-async', 'respond-async'],
  ['wait=0', 'wait=0'],
  ['WAIT="0"', 'wait=0'],
  ['wait=0, wait=600', 'wait=0'],
] as const;

for (const [value, applied] of honoured) {
  test(`PR-03 PR-04 PR-05 Prefer: ${value} is honoured with a 202, and said so`, async () => {
    world.esc.answering = () => undefined;
    const answer = await ask(`Prefer: ${value}`);
    assert.equal(answer.status, 202);
    assert.equal(fieldOf(answer.headers, 'preference-applied'), applied);
    assert.match(fieldOf(answer.headers, 'location'), /^\/northgate\/v1\/transactions\//);
    assert.equal(fieldOf(answer.headers, 'vary'), 'Prefer');
  });
}

for (const value of [
  'handling=lenient',
  'foo',
  'wait',
  'wait=soon',
  'wait=-1',
  'wait=1e1',
  'wait=99999999999999999999',
  'respond-async=yes',
  'foo="respond-async"',
  'x; respond-async',
  '=, ;, "',
  '',
]) {
  test(`PR-01 PR-03 PR-05 Prefer: ${value} is nothing that the gateway knows, and is ignored`, async () => {
    const answer = await ask(`Prefer: ${value}`);
    assert.equal(answer.status, 200);
    assert.equal(fieldOf(answer.headers, 'preference-applied'), '');
  });
}

test('PR-01 of two fields the first one counts', async () => {
  world.esc.answering = () => undefined;
  const answer = await ask('Prefer: wait=0', 'Prefer: wait=600');
  assert.equal(fieldOf(answer.headers, 'preference-applied'), 'wait=0');
});

test('PR-02 preferences reach ESC as they came, honoured or not', async () => {
  const fields = ['Prefer: handling=lenient, wait=600', 'prefer: Return=minimal; x="y"'];
  await ask(...fields);
  const heard = world.esc.requests.find(({ target }) => target.endsWith(`/${count}`));
  assert.ok(heard?.head.includes(`\r\n${fields.join('\r\n')}\r\n`), heard?.head);
});

test('PR-04 every answer to a transaction varies with Prefer, also where none was sent', async () => {
  assert.equal(fieldOf((await ask()).headers, 'vary'), 'Prefer');
});
