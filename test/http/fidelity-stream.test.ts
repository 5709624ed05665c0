/** Large answers: streamed at the client's pace in bounded memory, and given up on both sides when one of them ends. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Answering, Connection } from '../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { requestText } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

const answerBytes = 40 * 1024 * 1024;
const content = Buffer.alloc(answerBytes, 'northgate streams what ESC says ');
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The connection that the newest answer is written to, and how much of it is. */
let newest: { connection: Connection; written: number };

/** Both framings, at the pace of whoever reads. */
const large =
  (isChunked: boolean): Answering =>
  (_, socket, connection) => {
    const progress = { connection, written: 0 };
    newest = progress;
    const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${answerBytes}`;
    socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`);
    const part = 64 * 1024;
    let at = 0;
    const more = (): void => {
      while (at < answerBytes) {
        const bytes = content.subarray(at, at + part);
        at += part;
        progress.written = at;
        if (isChunked) socket.write(`${bytes.byteLength.toString(16)}\r\n`);
        const goesOn = socket.write(bytes);
        if (isChunked) socket.write(at < answerBytes ? '\r\n' : '\r\n0\r\n\r\n');
        if (!goesOn) {
          socket.once('drain', more);
          return;
        }
      }
    };
    more();
  };

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
after(() => world[Symbol.asyncDispose]());

/** A gateway that waits no longer than this for a byte of ESC. */
const silenceMaxMs = 1_000;
const startBrisk = (): Promise<EchoWorld> =>
  startEchoWorld({ settings: { NORTHGATE_ESC_TIMEOUTS_RESPONSE: `${silenceMaxMs}ms` } });

const get = requestText(['GET /ESCManager/v0/large HTTP/1.1', 'Host: a']);

for (const isChunked of [false, true]) {
  test(`40 MiB ${isChunked ? 'in chunks' : 'of known length'} arrive as they were said`, async () => {
    world.esc.answering = large(isChunked);
    const client = await world.connect();
    client.write(get);
    const answer = await client.answer();
    assert.equal(answer.status, 200);
    assert.equal(digest(answer.body), digest(content));
  });
}

test('a slow reader slows ESC down instead of filling the memory, and is not taken for a silent ESC', async () => {
  await using brisk = await startBrisk();
  brisk.esc.answering = large(false);
  const client = await brisk.connect();
  client.socket.pause();
  newest = { ...newest, written: 0 };
  client.write(get);
  let before = -1;
  let stalledSince = Date.now();
  // Stalled for longer than ESC may be silent.
  await until(() => {
    const now = newest.written;
    if (now !== before) stalledSince = Date.now();
    before = now;
    return now > 0 && Date.now() - stalledSince > 2 * silenceMaxMs;
  }, 'ESC cannot write on');
  assert.ok(before < answerBytes, `${before} bytes are on their way`);
  client.socket.resume();
  assert.equal(digest((await client.answer()).body), digest(content));
});

test('a reader that leaves in the middle ends the connection to ESC by reset', async () => {
  world.esc.answering = large(false);
  const client = await world.connect();
  client.socket.pause();
  newest = { ...newest, written: 0 };
  client.write(get);
  await until(() => newest.written > 0 && newest.connection.socket.writableNeedDrain, 'ESC waits for the reader');
  const { connection } = newest;
  client.socket.resetAndDestroy();
  await until(() => connection.end === 'reset', 'ESC is left too');
});

test('M-12 an ESC that falls silent in the middle is not waited for: the client sees a broken answer', async () => {
  await using brisk = await startBrisk();
  brisk.esc.answering = (_, socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answerBytes}\r\n\r\nabc`);
  const client = await brisk.connect();
  client.write(get);
  await client.ended();
  assert.match(client.bytes.toString(), /\r\n\r\nabc$/);
});
