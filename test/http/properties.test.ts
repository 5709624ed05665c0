/**
 * Whatever legal or illegal bytes a client or ESC says: they come out on the other side as they went in, or they are
 * refused with a problem. Never does ESC get something that the client did not say, or the client what ESC did not.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { echo, fieldOf, type HeardRequest, saying } from '../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { type RawAnswer, requestText } from '../support/raw-client.ts';

const runs = { numRuns: 100 };

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
beforeEach(() => {
  world.esc.answering = echo;
});
after(() => world[Symbol.asyncDispose]());

let run = 0;

/** Sends it on a connection of its own, marked; gives the answer and what ESC heard of it. */
async function ask(first: string, ...lines: string[]): Promise<{ answer: RawAnswer; heard: HeardRequest[] }> {
  using client = await world.connect();
  run += 1;
  const before = world.esc.requests.length;
  client.write(requestText([first, 'Host: gateway', `X-Run: ${run}`, ...lines]));
  const answer = await client.answer();
  const { requests } = world.esc;
  const heard = requests.filter(({ headers }) => fieldOf(headers, 'x-run') === String(run));
  assert.equal(requests.length - before, heard.length, 'nothing else reached ESC');
  return { answer, heard };
}

/** What ESC heard of a request that was answered; null: it was refused as a whole. */
function passed({ answer, heard }: { answer: RawAnswer; heard: HeardRequest[] }): HeardRequest | null {
  if (answer.status === 200) {
    assert.equal(heard.length, 1);
    return heard[0] ?? null;
  }
  assert.ok(answer.status >= 400, String(answer.status));
  const { type, status } = JSON.parse(answer.body.toString()) as { type: string; status: number };
  assert.match(type, /^urn:northgate:problem:/);
  assert.equal(status, answer.status);
  assert.deepEqual(heard, []);
  return null;
}

/** Bytes as a string of so many characters. */
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
const targetPart = fc.oneof(
  fc.constantFrom('/', '//', '.', '..', '%2e', '%2E%2e', '%2F', '%5c', '%00', '%0d%0a', '%zz', '%', ';v=1', '?', '??'),
  fc.constantFrom('&', '=', '+', ':', '@', '!', '$', "'", '(', ')', '*', ',', '~', '_', '-', 'v0', 'tenants', '%C3%A4'),
  fc.stringMatching(/^[A-Za-z0-9._~!$&'()*+,;=:@%-]{1,12}$/),
);
const path = fc.array(targetPart, { maxLength: 12 }).map((parts) => `/ESCManager/${parts.join('')}`);

test('any target in origin or absolute form reaches ESC byte for byte, or is refused', async () => {
  let passes = 0;
  await fc.assert(
    fc.asyncProperty(method, path, fc.boolean(), async (verb, target, isAbsolute) => {
      const written = isAbsolute ? `http://gateway:8080${target}` : target;
      const heard = passed(await ask(`${verb} ${written} HTTP/1.1`));
      if (heard === null) return;
      passes += 1;
      assert.deepEqual([heard.method, heard.target], [verb, target]);
    }),
    runs,
  );
  assert.ok(passes > 20, `only ${passes} were not refused`);
});

test('any bytes in the place of a target reach ESC as they are, or are refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 6 }), async (bytes) => {
      const target = `/ESCManager/${latin1(bytes)}`;
      const heard = passed(await ask(`GET ${target} HTTP/1.1`));
      // Spaces before the version belong to the request line, not to the target (RFC 9112 section 3).
      if (heard !== null) assert.equal(heard.target, target.replace(/ +$/, ''));
    }),
    runs,
  );
});

/** Fields that do not pass as they are, with or without the gateway's doing: those of a connection, and those said anew. */
const notPlain: ReadonlySet<string> = new Set(
  [
    'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade',
    'host content-length expect via date authorization prefer idempotency-key callback max-forwards',
    'location content-location link content-type',
  ].flatMap((names) => names.split(' ')),
);
const name = fc
  .stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,16}$/)
  .filter((text) => !notPlain.has(text.toLowerCase()));
/** All that RFC 9110 section 5.5 lets a value hold, obs-text too; what stands around it is not part of it. */
const value = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }), fc.constant(0x09)), {
    maxLength: 40,
  })
  .map((bytes) => latin1(Uint8Array.from(bytes)).trim());
const fields = fc.array(fc.tuple(name, value), { maxLength: 12 });

/** The lines of a head after the first, as names and values; only the space around a value is nobody's. */
const pairsOf = (headers: readonly string[]): [string, string][] =>
  headers.flatMap((text, index) => (index % 2 === 0 ? [[text, headers[index + 1] ?? ''] as [string, string]] : []));

/** Those that this test wrote: from the first mark to the second. */
function between(headers: readonly string[]): [string, string][] {
  const pairs = pairsOf(headers);
  const at = (mark: string): number => pairs.findIndex(([field]) => field === mark);
  return pairs.slice(at('X-Begin') + 1, at('X-End'));
}

test('any legal fields reach ESC in spelling, order, repetition and bytes', async () => {
  await fc.assert(
    fc.asyncProperty(method, fields, async (verb, given) => {
      const lines = given.map(([field, text]) => `${field}: ${text}`);
      const heard = passed(await ask(`${verb} /ESCManager/p HTTP/1.1`, 'X-Begin: 1', ...lines, 'X-End: 1'));
      assert.ok(heard !== null);
      assert.deepEqual(between(heard.headers), given);
    }),
    runs,
  );
});

test('any bytes in a field reach ESC as they are, or the request is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.boolean(), async (bytes, isInName) => {
      const odd = latin1(bytes);
      const line = isInName ? `X-A${odd}B: c` : `X-A: b${odd}c`;
      const heard = passed(await ask('POST /ESCManager/p HTTP/1.1', line));
      const lines = heard?.head.split('\r\n') ?? [];
      if (heard !== null)
        assert.ok(
          lines.some((each) => isSameLine(each, line)),
          JSON.stringify(lines),
        );
    }),
    { numRuns: 200 },
  );
});

/** White space around a value is not part of it (RFC 9112 section 5.1). */
function isSameLine(one: string, other: string): boolean {
  const plain = (line: string): string => line.replace(/^([^:]*:)[ \t]*/, '$1').replace(/[ \t]+$/, '');
  return plain(one) === plain(other);
}

test('any answer of ESC reaches the client in status, fields and bytes, however it is framed', async () => {
  const status = fc.integer({ min: 200, max: 599 }).filter((each) => ![204, 205, 304, 407, 503].includes(each));
  await fc.assert(
    fc.asyncProperty(
      fc.record({ status, given: fields, verb: fc.constantFrom('GET', 'POST', 'DELETE') }),
      fc.uint8Array({ minLength: 1, maxLength: 3_000 }),
      fc.constantFrom('length', 'chunked', 'close'),
      async ({ status: said, given, verb }, bytes, framing) => {
        world.esc.answering = saying(Buffer.concat(answerParts(said, given, Buffer.from(bytes), framing)));
        if (framing === 'close') {
          const { answering } = world.esc;
          world.esc.answering = (request, socket, connection) => {
            answering(request, socket, connection);
            socket.end();
          };
        }
        const { answer } = await ask(`${verb} /ESCManager/p HTTP/1.1`);
        assert.equal(answer.status, said, answer.body.toString());
        assert.deepEqual(between(answer.headers), given);
        assert.deepEqual(answer.body, Buffer.from(bytes));
      },
    ),
    runs,
  );
});

function answerParts(
  status: number,
  given: readonly [string, string][],
  body: Buffer,
  framing: 'length' | 'chunked' | 'close',
): Buffer[] {
  const framed = { length: `Content-Length: ${body.byteLength}`, chunked: 'Transfer-Encoding: chunked', close: 'X: y' };
  const lines = given.map(([field, text]) => `${field}: ${text}`);
  const head = [`HTTP/1.1 ${status} X`, framed[framing], 'X-Begin: 1', ...lines, 'X-End: 1'];
  const text = Buffer.from(requestText(head), 'latin1');
  if (framing !== 'chunked') return [text, body];
  return [text, Buffer.from(`${body.byteLength.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')];
}
