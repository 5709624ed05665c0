/**
 * Clients that end or break their connection at each point of a request and its answer, and clients that are slow: what
 * was whole is a transaction and goes on, what was not is none, and ESC's connection is left when nobody reads.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { echo } from '../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { type RawClient, requestText } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

let world: EchoWorld;
before(async () => {
  world = await startEchoWorld();
});
beforeEach(() => {
  world.esc.answering = echo;
});
after(() => world[Symbol.asyncDispose]());

let count = 0;
const newPath = (): string => {
  count += 1;
  return `/ESCManager/c/${count}`;
};
const heard = (path: string) => world.esc.requests.filter(({ target }) => target === path);
const journaled = async (path: string) => (await world.transactions()).filter((one) => one.path === path);

/** How a client leaves: politely, or with a reset. */
const leavings = {
  end: (client: RawClient): void => {
    client.socket.end();
  },
  reset: (client: RawClient): void => {
    client.socket.resetAndDestroy();
  },
};

async function isOut({ socket }: RawClient): Promise<void> {
  await until(() => socket.bytesWritten > 0 && socket.writableLength === 0, 'the bytes are out');
}

/** The gateway has noticed whatever came before, once it answers a request that came after. */
async function isNoticed(): Promise<void> {
  using client = await world.connect();
  client.write(requestText(['GET /ESCManager/c/after HTTP/1.1', 'Host: a']));
  assert.equal((await client.answer()).status, 200);
}

const body = 'x'.repeat(100);
const head = (method: string, path: string): string =>
  requestText([`${method} ${path} HTTP/1.1`, 'Host: a', `Content-Length: ${body.length}`]);
/** Each point of a request before it is whole: what of it has been sent. */
const points: readonly [string, (whole: string) => number][] = [
  ['before the first byte', () => 0],
  ['within the request line', () => 9],
  ['within a field', (whole) => whole.indexOf('Host') + 3],
  ['before the empty line', (whole) => whole.indexOf('\r\n\r\n') + 2],
  ['before the body', (whole) => whole.indexOf('\r\n\r\n') + 4],
  ['within the body', (whole) => whole.length - 50],
  ['before the last byte', (whole) => whole.length - 1],
];

for (const [how, leave] of Object.entries(leavings)) {
  for (const method of ['GET', 'POST', 'DELETE']) {
    for (const [where, lengthOf] of points) {
      test(`a ${method} whose client leaves by ${how} ${where} reaches neither ESC nor the journal`, async () => {
        const path = newPath();
        const whole = head(method, path) + body;
        using client = await world.connect();
        const part = whole.slice(0, lengthOf(whole));
        client.write(part);
        if (part !== '') await isOut(client);
        leave(client);
        await isNoticed();
        assert.deepEqual(heard(path), []);
        assert.deepEqual(await journaled(path), []);
      });
    }
  }

  test(`a POST whose client leaves by ${how} while ESC works goes on and is recorded, once`, async () => {
    const path = newPath();
    let release = (): void => undefined;
    world.esc.answering = (request, socket, connection) => {
      if (request.target !== path) echo(request, socket, connection);
      else release = () => echo(request, socket, connection);
    };
    const client = await world.connect();
    client.write(head('POST', path) + body);
    await until(() => heard(path).length === 1, 'ESC has it');
    leave(client);
    await isNoticed();
    release();
    await until(async () => (await journaled(path))[0]?.answer?.status === 200, 'its answer is recorded');
    assert.equal(heard(path).length, 1);
  });

  test(`a GET whose client leaves by ${how} while ESC works is given up by reset, and not asked again`, async () => {
    const path = newPath();
    world.esc.answering = () => undefined;
    const client = await world.connect();
    client.write(requestText([`GET ${path} HTTP/1.1`, 'Host: a']));
    await until(() => heard(path).length === 1, 'ESC has it');
    leave(client);
    const [asked] = world.esc.connections.filter(({ requests }) => requests.some(({ target }) => target === path));
    await until(() => asked?.end === 'reset', 'ESC is left');
    world.esc.answering = echo;
    await isNoticed();
    assert.equal(heard(path).length, 1);
  });

  test(`a client that leaves by ${how} while it reads: ESC is left too, and a POST's answer stays recorded`, async () => {
    const large = 8 * 1024 * 1024;
    world.esc.answering = ({ method }, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large}\r\n\r\n`);
      socket.write(Buffer.alloc(method === 'GET' ? 70_000 : large, 'x'));
    };
    const [read, written] = [newPath(), newPath()];
    for (const [method, path] of [
      ['GET', read],
      ['POST', written],
    ] as const) {
      const client = await world.connect();
      client.write(requestText([`${method} ${path} HTTP/1.1`, 'Host: a']));
      await until(() => client.bytes.byteLength > 0, 'the answer has begun');
      client.socket.pause();
      leave(client);
      client.socket.destroy();
    }
    const [asked] = world.esc.connections.filter(({ requests }) => requests.some(({ target }) => target === read));
    await until(() => asked?.end === 'reset', 'ESC is left');
    assert.equal((await journaled(written))[0]?.answer?.status, 200);
  });
}

test('a request that comes a byte at a time is read whole, and its answer too', async () => {
  const path = newPath();
  using client = await world.connect();
  for (const byte of head('POST', path) + body) {
    client.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await client.answer()).body.toString(), body);
  assert.equal(heard(path)[0]?.body.toString(), body);
});

test('one that is slow keeps nobody else waiting', async () => {
  const slow = Array.from({ length: 50 }, async () => {
    const client = await world.connect();
    client.write(head('POST', newPath()) + body.slice(1));
    return client;
  });
  const clients = await Promise.all(slow);
  await isNoticed();
  for (const client of clients) client.write('x');
  for (const client of clients) assert.equal((await client.answer()).status, 200);
});
