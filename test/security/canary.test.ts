/**
 * Secrets are planted wherever a secret can be, a whole story is run, and everything that was written or can be asked for is
 * searched for them: logs at their finest, the ops API, metrics, events, the command line, problems, and the journal's files.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { request } from 'undici';
import { startPair } from '../../src/sim/pair.ts';
import { type Running, run, start } from '../support/command.ts';
import { redisSkip, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { briefly, deploymentXml, settingsFor, tenantXml } from '../support/world.ts';
import { Canaries } from './canaries.ts';

type Written = [what: string, bytes: Uint8Array][];

const canaries = (): Canaries => new Canaries();
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** Everything below a directory. */
async function filesOf(directory: string): Promise<Written> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(paths.map(async (path): Promise<Written[number]> => [path, await readFile(path)]));
}

async function startReceiver() {
  const heard: string[] = [];
  const server = http.createServer((came, response) => {
    heard.push(`${came.url} ${came.headers.authorization}`);
    came.resume();
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { heard, port, [Symbol.dispose]: () => void server.close() };
}

interface Gateway {
  readonly running: Running;
  readonly url: string;
  readonly ops: string;
}

async function serve(settings: Readonly<Record<string, string>>): Promise<Gateway> {
  const running = start(['serve'], settings);
  const url = (listener: string): string =>
    new RegExp(`"listener":"${listener}","url":"([^"]+)"`).exec(running.stdout())?.[1] ?? '';
  let isOver = false;
  void running.ended.then(() => {
    isOver = true;
  });
  await until(() => isOver || url('northbound') !== '', 'the gateway listens');
  if (isOver) throw new Error(`it ended: ${JSON.stringify(await running.ended)}`);
  return { running, url: url('northbound'), ops: url('ops') };
}

/** A request as no client library would send it; what comes back. */
async function raw(url: string, text: string): Promise<Buffer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.end(text);
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

interface Story {
  readonly secrets: Canaries;
  readonly settings: Readonly<Record<string, string>>;
  readonly authorization: string;
  readonly pair: Awaited<ReturnType<typeof startPair>>;
}

/** Success, failure, a lost answer, refusals, malformed ones, a crash; gives all that could be seen of it. */
async function play({ secrets, settings, authorization, pair }: Story): Promise<Written> {
  const seen: Written = [];
  const opsToken = secrets.plant('ops token');
  using receiver = await startReceiver();
  const query = `?token=${secrets.plant('query')}&x_password=${secrets.plant('second parameter')}`;
  const callback = `http://u:${secrets.plant('callback user-info')}@127.0.0.1:${receiver.port}/cb?k=${secrets.plant('callback query')}`;
  const fields = {
    authorization,
    cookie: `session=${secrets.plant('cookie')}`,
    'x-auth-token': secrets.plant('token field'),
    'content-type': 'application/xml',
  };
  const asked = async (url: string, method: string, path: string, given: { body?: string; headers?: object } = {}) => {
    const headers = { ...fields, ...given.headers };
    const answer = await request(`${url}${path}`, {
      method: method as 'GET',
      headers,
      headersTimeout: 60_000,
      ...(given.body === undefined ? {} : { body: given.body }),
    });
    const body = Buffer.from(await answer.body.arrayBuffer());
    // ESC's own answers reach their client byte for byte (R25), so only the gateway's are searched.
    const isOwn = String(answer.headers['content-type']).includes('problem') || answer.statusCode === 202;
    const whole = Buffer.concat([Buffer.from(JSON.stringify(answer.headers)), body]);
    if (isOwn) seen.push([`${answer.statusCode} to ${method} ${path.split('?')[0]}`, whole]);
    return { status: answer.statusCode, body: body.toString() };
  };
  const deployment = deploymentXml('db').replace(
    '<image>',
    `<config_data><configuration><dst>a</dst><variable><name>ADMIN_PASSWORD</name><val>${secrets.plant('labelled value')}</val></variable>` +
      `<password>${secrets.plant('XML password')}</password></configuration></config_data><image>`,
  );
  const subscription = JSON.stringify({
    callbackUri: `http://n:${secrets.plant('ETSI user-info')}@127.0.0.1/`,
    authentication: {
      authType: ['BASIC'],
      paramsBasic: { userName: 'u', password: secrets.plant('ETSI password') },
      paramsOauth2ClientCredentials: { clientId: 'c', clientPassword: secrets.plant('ETSI client password') },
    },
    userData: Buffer.from(`#cloud-config\npassword: ${secrets.plant('user-data')}\n`).toString('base64'),
  });

  let gateway = await serve(settings);
  try {
    const base = '/ESCManager/v0';
    await until(
      async () =>
        (await request(`${gateway.ops}/readyz`).then(({ body, statusCode }) => body.dump().then(() => statusCode))) ===
        200,
      'it is ready',
    );
    await asked(gateway.url, 'POST', `${base}/tenants/shop${query}`, { body: tenantXml('shop') });
    await asked(gateway.url, 'POST', `${base}/shop/deployments/db`, { body: deployment, headers: { callback } });
    await until(() => receiver.heard.length > 0, 'the client hears of it');
    // What it is for reaches the client's own receiver.
    assert.ok(receiver.heard.some((line) => line.includes(secrets.plant('callback query'))));
    await asked(gateway.url, 'POST', `${base}/shop/deployments/db`, { body: deployment, headers: { callback } });
    await asked(gateway.url, 'POST', `${base}/unknown/thing${query}`, {
      body: subscription,
      headers: { 'content-type': 'application/json' },
    });
    await asked(gateway.url, 'POST', `${base}/tenants/no`, {
      body: '<tenant',
      headers: { callback: `ftp://u:${secrets.plant('refused callback')}@h/` },
    });
    await asked(gateway.url, 'POST', `${base}/tenants/no`, {
      body: tenantXml('no'),
      headers: {
        callback: `http://u:${secrets.plant('refused address')}@169.254.169.254/?${secrets.plant('refused query')}`,
      },
    });
    await asked(gateway.url, 'POST', `${base}/tenants/no`, {
      body: tenantXml('no'),
      headers: { 'idempotency-key': '"\u00e9' },
    });
    await asked(gateway.url, 'GET', `/elsewhere${query}`);
    await asked(gateway.url, 'GET', `${base}/tenants${query}`);
    await asked(gateway.ops, 'GET', `/v1/nowhere${query}`, {
      headers: { authorization: `Bearer ${secrets.plant('wrong ops token')}` },
    });
    const odd = secrets.plant('malformed request');
    for (const line of [
      `POST /ESCManager/v0/a b?token=${odd} HTTP/1.1`,
      `GET http://u:${odd}@h/ESCManager/ HTTP/1.1\r\nHost: h\r\n`,
      `G\u0000T /?password=${odd} HTTP/1.1`,
    ]) {
      seen.push([
        'answer to a malformed request',
        await raw(gateway.url, `${line}\r\nAuthorization: ${authorization}\r\n\r\n`),
      ]);
    }
    // An answer is lost with its node, and the gateway dies while the pair is away.
    pair.crashAt('after-commit', { method: 'POST', path: 'tenants/late' });
    const late = asked(gateway.url, 'POST', `${base}/tenants/late${query}`, { body: tenantXml('late') }).catch(
      () => undefined,
    );
    await until(async () => (await countOf(gateway.ops, opsToken, 'unacknowledged')) > 0, 'its answer is lost');
    gateway.running.process.kill('SIGKILL');
    await late;
    seen.push(['log before the crash', Buffer.from(JSON.stringify(await gateway.running.ended))]);
    gateway = await serve(settings);
    await until(async () => (await countOf(gateway.ops, opsToken, 'unacknowledged')) === 0, 'it is replayed', 60_000);
    seen.push(...(await everythingAsked(gateway, opsToken)));
    const environment = { ...settings, NORTHGATE_OPS_URL: gateway.ops, NORTHGATE_OPS_TOKEN: opsToken };
    for (const words of [
      ['config', 'print'],
      ['config', 'check'],
      ['status'],
      ['switchovers', '--json'],
      ['journal', 'list'],
      ['journal', 'export'],
      ['doctor', '--json'],
    ]) {
      seen.push([`northgate ${words.join(' ')}`, Buffer.from(JSON.stringify(await run(words, environment)))]);
    }
  } finally {
    gateway.running.process.kill('SIGTERM');
    seen.push(['log', Buffer.from(JSON.stringify(await gateway.running.ended))]);
  }
  return seen;
}

async function countOf(ops: string, token: string, status: string): Promise<number> {
  const { body } = await request(`${ops}/v1/transactions?status=${status}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return ((await body.json()) as { items: unknown[] }).items.length;
}

/** All that an operator can read, events for as long as one transaction takes. */
async function everythingAsked({ ops }: Gateway, token: string): Promise<Written> {
  const headers = { authorization: `Bearer ${token}` };
  const read = async (path: string): Promise<Written[number]> => {
    const { body } = await request(`${ops}${path}`, { headers });
    return [path, Buffer.from(await body.arrayBuffer())];
  };
  const list = await read('/v1/transactions?limit=100');
  const { items } = JSON.parse(Buffer.from(list[1]).toString()) as { items: { id: string }[] };
  assert.ok(items.length >= 4);
  const each = items.flatMap(({ id }) => ['', '/request', '/response'].map((part) => `/v1/transactions/${id}${part}`));
  const others = [
    '/v1/pair',
    '/v1/switchovers',
    '/v1/dead-letters',
    '/v1/audit',
    '/metrics',
    '/readyz',
    '/openapi.json',
  ];
  const seen: Written = [list];
  for (const path of [...each, ...others]) seen.push(await read(path));
  seen.push(...(await pagesOf(ops, token, items)));
  const { body } = await request(`${ops}/v1/events`, { headers });
  for await (const chunk of body) {
    seen.push(['/v1/events', chunk as Buffer]);
    break;
  }
  return seen;
}

/** The console as a browser has it, with the session of a log-in. */
async function pagesOf(ops: string, token: string, items: readonly { id: string }[]): Promise<Written> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', origin: ops };
  const logIn = await request(`${ops}/console/log-in`, {
    method: 'POST',
    headers,
    body: `token=${token}&next=/console/`,
  });
  await logIn.body.dump();
  assert.equal(logIn.statusCode, 303);
  const cookie = [logIn.headers['set-cookie']]
    .flat()
    .map((each) => each?.split(';')[0])
    .join('; ');
  const paths = [
    '',
    'transactions',
    'switchovers',
    'dead-letters',
    'audit',
    ...items.map(({ id }) => `transactions/${id}`),
  ];
  const pages: Written = [];
  for (const path of paths) {
    const { body, statusCode } = await request(`${ops}/console/${path}`, { headers: { cookie } });
    assert.equal(statusCode, 200, path);
    pages.push([`/console/${path}`, Buffer.from(await body.arrayBuffer())]);
  }
  return pages;
}

function common(secrets: Canaries): Record<string, string> {
  const key = randomBytes(32);
  secrets.add('journal key', key.toString('base64'));
  const sha256 = createHash('sha256').update(secrets.plant('ops token')).digest('hex');
  return {
    NORTHGATE_LOG_LEVEL: 'trace',
    NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
    NORTHGATE_CALLBACKS_PUBLIC_URL: 'http://127.0.0.1:1',
    NORTHGATE_JOURNAL_KEY: key.toString('base64'),
    NORTHGATE_OPS_TOKENS: JSON.stringify([{ name: 'canary', role: 'operator', sha256 }]),
    NORTHGATE_ESC_USERNAME: 'gateway',
    NORTHGATE_ESC_PASSWORD: secrets.plant('esc.password'),
  };
}

function assertNothing(secrets: Canaries, seen: Written): void {
  const found = seen.flatMap(([what, bytes]) => secrets.foundIn(what, bytes));
  assert.ok(seen.length > 35 && secrets.count > 15, `${seen.length} things were searched for ${secrets.count} secrets`);
  assert.deepEqual(found, []);
}

test('no secret of clients, operators or the configuration is written anywhere, with an embedded journal', async () => {
  const secrets = canaries();
  const directory = await mkdtemp(join(tmpdir(), 'northgate-canary-'));
  const pair = await startPair({ ...briefly });
  try {
    const password = secrets.plant('client password');
    const settings = {
      ...settingsFor(pair, directory),
      ...common(secrets),
      NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify([{ name: 'nfvo', password }]),
    };
    const seen = await play({ secrets, settings, pair, authorization: basic('nfvo', password) });
    assertNothing(secrets, [...seen, ...(await filesOf(directory))]);
  } finally {
    await pair.close();
    await rm(directory, { recursive: true, force: true });
  }
});

test('nor with a Redis journal, in its append-only file or its snapshot', { skip: redisSkip }, async () => {
  const secrets = canaries();
  const directory = await mkdtemp(join(tmpdir(), 'northgate-canary-'));
  const pair = await startPair({ ...briefly });
  const password = secrets.plant('Redis password');
  await using redis = await startRedis();
  const client = new Redis(redis.port, '127.0.0.1');
  try {
    await client.config('SET', 'requirepass', password);
    const settings = {
      ...settingsFor(pair, directory),
      ...common(secrets),
      NORTHGATE_JOURNAL_URL: `redis://:${password}@127.0.0.1:${redis.port}`,
    };
    const seen = await play({
      secrets,
      settings,
      pair,
      authorization: basic('orchestrator', secrets.plant('ESC password')),
    });
    await client.save();
    const [, data = ''] = (await client.config('GET', 'dir')) as string[];
    const files = await filesOf(data);
    assert.ok(files.some(([name]) => name.endsWith('.rdb')) && files.some(([name]) => name.endsWith('.aof')));
    assertNothing(secrets, [...seen, ...files]);
  } finally {
    client.disconnect();
    await pair.close();
    await rm(directory, { recursive: true, force: true });
  }
});
