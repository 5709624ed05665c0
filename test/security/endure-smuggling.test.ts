/**
 * Requests that two servers in a row may cut up differently (RFC 9112 section 11.2; standards page, M-05 to M-13). Each
 * hides a second request. Either nothing of it reaches ESC, or ESC gets one request whose framing is the gateway's own;
 * what is hidden never becomes a request. What is broken beyond doubt stands in `test/http/raw-malformed.test.ts`.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fieldOf } from '../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { requestText } from '../support/raw-client.ts';

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
after(() => world[Symbol.asyncDispose]());

const hiddenPath = '/ESCManager/v0/hidden';
const hidden = requestText([`DELETE ${hiddenPath} HTTP/1.1`, 'Host: gateway', 'Content-Length: 0']);
const chunked = `3\r\nabc\r\n0\r\n\r\n`;

interface Attempt {
  readonly what: string;
  readonly fields: readonly string[];
  readonly body: string;
  /** What ESC may get as the body; null: the request is refused. */
  readonly taken: string | null;
  readonly method?: string;
}

const refused = (what: string, fields: readonly string[], body: string): Attempt => ({
  what,
  fields,
  body,
  taken: null,
});

const codings = [
  ['a coding that is not chunked', 'Transfer-Encoding: xchunked'],
  ['a coding in quotes', 'Transfer-Encoding: "chunked"'],
  ['a coding after a comma', 'Transfer-Encoding: , chunked, identity'],
  ['a coding with a parameter', 'Transfer-Encoding: chunked;q=1'],
  ['a coding after a vertical tab', 'Transfer-Encoding:\x0bchunked'],
  ['a coding after a null', 'Transfer-Encoding:\0chunked'],
  ['a coding before a non-breaking space', 'Transfer-Encoding: chunked\xa0'],
  ['a space before the colon', 'Transfer-Encoding : chunked'],
  ['a tab before the colon', 'Transfer-Encoding\t: chunked'],
  ['a field that is folded', 'X-Name: a\r\n Transfer-Encoding: chunked'],
  ['a coding on a folded line', 'Transfer-Encoding:\r\n chunked'],
  ['a bare CR before the field', 'X-Name: a\rTransfer-Encoding: chunked'],
  ['a bare LF before the field', 'X-Name: a\nTransfer-Encoding: chunked'],
  ['a coding that is undone twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
  ['a coding that is taken back', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'],
] as const;

const sizes = [
  ['in C’s spelling', '0x3'],
  ['with a plus', '+3'],
  ['with a minus', '-3'],
  ['after a space', ' 3'],
  ['with a point', '3.0'],
  ['with an underscore', '0_3'],
  ['that ends with a bare LF', '3\nabc\n0\n\n'],
  ['that ends with a bare CR', '3\rabc\r0\r\r'],
  ['with an extension that ends with a bare LF', '3;a\nabc'],
  ['that is empty', ''],
  ['past 64 bits', '10000000000000003'],
] as const;

const attempts: readonly Attempt[] = [
  ...codings.flatMap(([what, field]) => [
    refused(`M-07 M-08 ${what}, beside a length`, [field, 'Content-Length: 3'], `${chunked}${hidden}`),
    refused(`M-08 ${what}, alone`, [field], `${chunked}${hidden}`),
  ]),
  ...sizes.map(([what, size]) =>
    refused(`M-11 a chunk size ${what}`, ['Transfer-Encoding: chunked'], `${size}\r\nabc\r\n0\r\n\r\n${hidden}`),
  ),
  refused(
    'M-11 a trailer that would be a length',
    ['Transfer-Encoding: chunked'],
    `3\r\nabc\r\n0\r\nContent-Length: 99\r\n\r\n${hidden}`,
  ),
  refused('M-09 a length with a space in it', ['Content-Length: 3 0'], `abc${hidden}`),
  refused(
    'M-09 a length after a field of another spelling',
    ['Content-Length: 3', 'content-length: 99'],
    `abc${hidden}`,
  ),
  refused('M-09 a length after a bare CR', ['X-Name: a\rContent-Length: 99'], `abc${hidden}`),
  refused('M-07 an empty coding beside a length', ['Transfer-Encoding:', 'Content-Length: 3'], `abc${hidden}`),
  {
    what: 'M-13 Connection lists the length',
    fields: ['Connection: Content-Length', 'Content-Length: 3'],
    body: 'abc',
    taken: 'abc',
  },
  {
    what: 'M-13 Connection lists the coding and the Host',
    fields: ['Connection: Transfer-Encoding, Host', 'Transfer-Encoding: chunked'],
    body: chunked,
    taken: 'abc',
  },
  {
    what: 'M-11 a trailer that would be credentials',
    fields: ['Transfer-Encoding: chunked'],
    body: '3\r\nabc\r\n0\r\nAuthorization: Basic YTpi\r\n\r\n',
    taken: 'abc',
  },
  {
    what: 'M-05 a field that only looks like a coding',
    fields: ['Transfer_Encoding: chunked', 'Content-Length: 3'],
    body: 'abc',
    taken: 'abc',
  },
  {
    what: 'M-13 an upgrade to HTTP/2 in the clear',
    fields: [
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
      'Content-Length: 3',
    ],
    body: 'abc',
    taken: 'abc',
  },
  {
    what: 'M-13 a GET whose body is a request',
    method: 'GET',
    fields: [`Content-Length: ${hidden.length}`],
    body: hidden,
    taken: hidden,
  },
  {
    what: 'M-13 a DELETE whose body is a request',
    method: 'DELETE',
    fields: [`Content-Length: ${hidden.length}`],
    body: hidden,
    taken: hidden,
  },
];

let count = 0;
for (const { what, fields, body, taken, method = 'POST' } of attempts) {
  test(`${what}: ${taken === null ? 'refused' : 'one request reaches ESC'}, and what it hides is no request`, async () => {
    count += 1;
    const path = `/ESCManager/v0/s${count}`;
    using client = await world.connect();
    const heard = world.esc.requests.length;
    client.write(requestText([`${method} ${path} HTTP/1.1`, 'Host: gateway', ...fields], body));
    // What waits for more must not wait for ever; of a whole request an end here would be its client's leaving.
    if (taken === null) client.socket.end();
    const answer = await client.answer();
    const reached = world.esc.requests.slice(heard);
    if (taken === null) {
      assert.ok([400, 501].includes(answer.status), `${answer.status}: ${answer.body}`);
      assert.deepEqual(
        reached.filter(({ target }) => target === path).map(({ head }) => head),
        [],
      );
    } else {
      assert.equal(answer.status, 200, answer.body.toString());
      const [request, ...more] = reached;
      assert.equal(more.length, 0);
      assert.equal(request?.target, path);
      assert.equal(request?.body.toString('latin1'), taken);
      const said = request?.headers ?? [];
      assert.equal(fieldOf(said, 'transfer-encoding') === '', fieldOf(said, 'content-length') !== '', 'one framing');
      for (const gone of ['upgrade', 'http2-settings', 'trailer', 'authorization'])
        assert.equal(fieldOf(said, gone), '');
    }
    client.socket.end();
    await client.ended();
    assert.deepEqual(
      world.esc.requests.filter(({ target }) => target === hiddenPath),
      [],
    );
    assert.deepEqual(
      (await world.transactions()).filter((each) => each.path === hiddenPath),
      [],
    );
  });
}
