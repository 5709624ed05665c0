// What the gateway reaches out to: only the addresses that may be called, only an ESC that proves itself, and never where a
// redirect points.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { Allow } from '../../src/callbacks/allow.ts';
import { Deliverer, type Tried } from '../../src/callbacks/delivery.ts';
import type { TlsTrust } from '../../src/upstream/sockets.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { makeCertificate } from '../config/certificate.ts';

interface Listening extends Disposable {
  readonly port: number;
  readonly heard: string[];
}

async function listening(
  answer: http.RequestListener = (_, response) => void response.end(),
  tls: { cert: string; key: string } | null = null,
): Promise<Listening> {
  const heard: string[] = [];
  const hear: http.RequestListener = (request, response) => {
    heard.push(`${request.method} ${request.url}`);
    request.resume();
    answer(request, response);
  };
  const server = tls === null ? http.createServer(hear) : https.createServer(tls, hear);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const end = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, heard, [Symbol.dispose]: end };
}

async function deliver(allow: Allow, url: string): Promise<Tried> {
  const deliverer = new Deliverer(allow);
  const signal = new AbortController().signal;
  const tried = await deliverer.try({ url, id: '1', headers: [], body: Buffer.from('<report/>'), signal });
  await deliverer.close();
  return tried;
}

suite('callback URLs', () => {
  const odd: readonly string[] = [
    'http://0x7f000001/',
    'http://017700000001/',
    'http://0x7f.1/',
    'http://127.0.0.1./',
    'http://nfvo.example@127.0.0.1/',
    'http://nfvo.example:80@127.0.0.1:8080/',
    'http://169.254.169.254\\@nfvo.example/',
    'http:\\\\127.0.0.1\\',
    'http:127.0.0.1',
    'http://①②⑦.⓪.⓪.①/',
    'http://127。0。0。1/',
    'http://ｌｏｃａｌｈｏｓｔ/',
    'http://loc%61lhost/',
    'http://%31%32%37.0.0.1/',
    'http://localhost\t/',
    'http://[fe80::1%25eth0]/',
    'http://[fe80::1%eth0]/',
    'http://[::ffff:0x7f.0.0.1]/',
    'http://[0:0:0:0:0:ffff:7f00:0001]/',
    'http://[0000::1]/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://metadata/',
    'http://METADATA.google.internal./',
    'ws://nfvo.example/',
    'javascript:alert(1)',
    'data:text/plain,x',
    '//nfvo.example/',
    'http://',
    'http://nfvo.example:99999/',
  ];
  for (const url of odd) {
    test(`with nothing named, ${JSON.stringify(url)} is not called`, async () => {
      assert.notEqual(new Allow([]).refusalOf(url), null);
      assert.equal((await deliver(new Allow([]), url)).kind, 'refused');
    });
  }

  test('a name in any script or case is the one that is named', () => {
    const allow = new Allow(['xn--bcher-kva.example']);
    for (const url of ['http://bücher.example/', 'http://BÜCHER.example./', 'http://xn--bcher-kva.example/']) {
      assert.equal(allow.refusalOf(url), null, url);
    }
    assert.notEqual(allow.refusalOf('http://bucher.example/'), null);
  });

  test('a name is looked up when it is called, and only an address that was judged is connected to', async () => {
    using receiver = await listening();
    const url = `http://localhost:${receiver.port}/`;
    // Harmless when the request came; the second look-up, which is the system's own, says that it is this host.
    const turned = new Allow([]);
    turned.refusalOf = () => null;
    const tried = await deliver(turned, url);
    assert.equal(tried.kind, 'failed');
    assert.match('error' in tried ? tried.error : '', /ENOTALLOWED/);
    await assert.rejects(promisify(turned.lookup)('localhost', { all: true }), { code: 'ENOTALLOWED' });
    assert.deepEqual(receiver.heard, []);
    assert.equal((await deliver(new Allow(['localhost']), url)).kind, 'taken');
  });

  for (const status of [301, 302, 303, 307, 308]) {
    test(`a receiver that answers ${status} sends the gateway nowhere`, async () => {
      using target = await listening();
      const location = `http://127.0.0.1:${target.port}/inside`;
      using receiver = await listening((_, response) => void response.writeHead(status, { location }).end());
      const tried = await deliver(new Allow(['127.0.0.1']), `http://127.0.0.1:${receiver.port}/cb`);
      assert.equal(tried.kind, 'failed');
      assert.deepEqual([receiver.heard, target.heard], [['POST /cb'], []]);
    });
  }
});

suite('ESC', () => {
  const esc = makeCertificate('esc', ['127.0.0.1']);
  const other = makeCertificate('other', ['127.0.0.1']);
  const elsewhere = makeCertificate('esc', ['127.0.0.9']);

  async function ask(port: number, trust: TlsTrust | null) {
    const limits = { connectTimeoutMs: 10_000, connectionsMax: 1, answerBytesMax: 1024 * 1024 };
    const told = { admit: async () => null, onBadSign: () => undefined };
    const upstream = new Upstream({ host: '127.0.0.1', port, trust, ...limits, ...told });
    const headers = ['Authorization', 'Basic c2VjcmV0'];
    const fetched = await upstream.send(
      { method: 'POST', path: '/ESCManager/v0/tenants/a', headers, body: Buffer.from('<tenant/>') },
      { deadlineMs: 20_000 },
    );
    await upstream.close();
    return fetched;
  }

  const cases: readonly [what: string, server: typeof esc, trust: TlsTrust, isAsked: boolean][] = [
    ['whose certificate is esc.tls.ca', esc, { verify: true, ca: esc.cert }, true],
    ['whose certificate is not esc.tls.ca', other, { verify: true, ca: esc.cert }, false],
    ['whose certificate nobody vouches for', esc, { verify: true }, false],
    ['whose certificate is for another address', elsewhere, { verify: true, ca: elsewhere.cert }, false],
    ['of whom nothing is asked', other, { verify: false }, true],
  ];
  for (const [what, server, trust, isAsked] of cases) {
    test(`one ${what} is ${isAsked ? 'asked' : 'told nothing, and the outcome is never-sent'}`, async () => {
      using here = await listening(undefined, server);
      const { kind } = await ask(here.port, trust);
      assert.equal(kind, isAsked ? 'answered' : 'never-sent');
      assert.equal(here.heard.length, isAsked ? 1 : 0);
    });
  }

  for (const status of [301, 302, 307, 308]) {
    test(`a ${status} of ESC is the client's answer, and is not followed`, async () => {
      using target = await listening();
      const location = `http://127.0.0.1:${target.port}/`;
      using here = await listening((_, response) => void response.writeHead(status, { location }).end());
      const fetched = await ask(here.port, null);
      assert.ok(fetched.kind === 'answered');
      assert.equal(fetched.answer.status, status);
      assert.ok(fetched.answer.headers.includes(location));
      assert.deepEqual(target.heard, []);
    });
  }
});
