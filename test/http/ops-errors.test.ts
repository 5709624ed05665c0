/** Whatever goes wrong on the ops listener is a problem (RFC 9457), what fastify and Node refuse by themselves too. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ops } from '../support/ops.ts';
import { startWorld } from '../support/world.ts';

test('every refusal is a problem with its code', async () => {
  await using world = await startWorld();
  const ask = ops(world);
  const cases = [
    { told: ask.get('/nothing'), status: 404, code: 'not-found' },
    { told: ask.get('/v1/gate'), status: 405, code: 'method-not-allowed' },
    { told: ask.delete('/v1/transactions/x'), status: 405, code: 'method-not-allowed' },
    { told: ask.get('/v1/%zz'), status: 400, code: 'invalid-request' },
    { told: ask.get(`/v1/transactions/${'x'.repeat(300)}`), status: 414, code: 'uri-too-long' },
    { told: ask.put('/v1/gate').type('json').send('{"mode":'), status: 400, code: 'invalid-request' },
    { told: ask.put('/v1/gate').type('json'), status: 400, code: 'invalid-request' },
    { told: ask.put('/v1/gate').send({ mode: 'ajar' }), status: 400, code: 'invalid-request' },
    { told: ask.put('/v1/gate').send({ mode: 'open', now: true }), status: 400, code: 'invalid-request' },
    { told: ask.put('/v1/gate').type('text').send('open'), status: 415, code: 'unsupported-media-type' },
    { told: ask.put('/v1/gate').send({ mode: 'x'.repeat(100_000) }), status: 413, code: 'body-too-large' },
  ];
  for (const { told, status, code } of cases) {
    const answer = await told;
    assert.equal(answer.status, status, code);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    const problem = JSON.parse(answer.text);
    assert.equal(problem.type, `urn:northgate:problem:${code}`);
    assert.equal(problem.status, status);
    assert.ok(problem.title !== '' && problem.detail !== '');
  }
});

test('a path that takes other methods says which', async () => {
  await using world = await startWorld();
  const gate = await ops(world).post('/v1/gate').expect(405);
  assert.equal(gate.headers.allow, 'PUT');
  const pair = await ops(world).put('/v1/pair').expect(405);
  assert.equal(pair.headers.allow, 'GET, HEAD');
});

test('what is not HTTP is answered with a problem and the connection closed', async () => {
  await using world = await startWorld();
  const socket = connect(world.gateway.ops.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nbroken header\r\n\r\n');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'end');
  assert.match(text, /^HTTP\/1\.1 400 /);
  assert.match(text, /application\/problem\+json/);
  socket.destroy();
});

test('a journal that does not answer is a problem that can be tried again, and the pair is shown all the same', async () => {
  await using world = await startWorld();
  await world.gateway.journal.close();
  const { body, headers } = await ops(world).get('/v1/transactions').expect(503);
  assert.equal(body.type, 'urn:northgate:problem:journal-unavailable');
  assert.ok(Number(headers['retry-after']) > 0);
  const ready = await ops(world).get('/readyz').expect(503);
  assert.match(ready.body.reason, /journal/);
  const pair = await ops(world).get('/v1/pair').expect(200);
  assert.equal(pair.body.gate, 'open');
});
