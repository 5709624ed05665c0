// Sessions of the console over HTTPS and over HTTP, in raw requests: what the browser is told, fixation, and what a log-out ends.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Agent, request } from 'undici';
import { makeCertificate } from '../config/certificate.ts';
import { startWorld, type World } from '../support/world.ts';
import { withTokens } from './owasp-place.ts';

const { cert, key } = makeCertificate('gateway', ['127.0.0.1']);
const overTls = { ...withTokens, NORTHGATE_OPS_TLS_CERT: cert, NORTHGATE_OPS_TLS_KEY: key };
const name = 'northgate_session';

interface Said {
  readonly cookie?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(world: World, path: string, { cookie, form, headers = {} }: Said = {}) {
  await using agent = { one: new Agent({ connect: { ca: cert } }), [Symbol.asyncDispose]: () => agent.one.destroy() };
  const answer = await request(`${world.gateway.ops.url}${path}`, {
    dispatcher: agent.one,
    method: form === undefined ? 'GET' : 'POST',
    headers: {
      ...(cookie === undefined ? {} : { cookie }),
      ...(form === undefined
        ? {}
        : { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }),
      ...headers,
    },
    ...(form === undefined ? {} : { body: new URLSearchParams(form).toString() }),
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

async function logIn(world: World, cookie?: string): Promise<{ cookie: string; setCookie: string }> {
  const said = cookie === undefined ? {} : { cookie };
  const { status, headers } = await ask(world, '/console/log-in', { ...said, form: { token: 'otto' } });
  assert.equal(status, 303);
  const setCookie = String(headers['set-cookie']);
  return { setCookie, cookie: setCookie.split(';', 1)[0] ?? '' };
}

const formTokenOf = (page: string): string => /name="form" value="([\w-]+)"/.exec(page)?.[1] ?? '';

suite('a console over HTTPS', () => {
  test('gives its cookie to HTTPS alone, and tells browsers to come by nothing else', async () => {
    await using world = await startWorld({ settings: overTls });
    const { setCookie, cookie } = await logIn(world);
    assert.match(setCookie, /^northgate_session=[\w-]{43};.*; HttpOnly; Secure; SameSite=Strict$/);
    const pages = ['/console/log-in', '/console/', '/console/nothing', '/v1/pair', '/livez', '/docs', '/nothing'];
    for (const path of pages) {
      const { headers } = await ask(world, path, { cookie });
      assert.match(String(headers['strict-transport-security']), /^max-age=31536000$/, path);
    }
  });

  test('ends a session at the log-out here, not in the browser alone: its cookie and its stream are worth nothing', async () => {
    await using world = await startWorld({ settings: overTls });
    const { cookie } = await logIn(world);
    const other = (await logIn(world)).cookie;
    const page = await ask(world, '/console/', { cookie });
    const form = { form: formTokenOf(page.text) };
    assert.equal(
      (await ask(world, '/console/log-out', { form })).status,
      303,
      'without a session it leads to the log-in',
    );
    assert.equal((await ask(world, '/console/', { cookie })).status, 200);

    const out = await ask(world, '/console/log-out', { cookie, form });

    assert.match(String(out.headers['set-cookie']), /^northgate_session=; .*Expires=Thu, 01 Jan 1970.*Secure/);
    for (const path of ['/console/', '/console/events', '/console/transactions']) {
      assert.equal((await ask(world, path, { cookie })).status, 303, path);
    }
    const act = { ...form, act: 'hold', reason: 'x' };
    assert.equal((await ask(world, '/console/acts', { cookie, form: act })).status, 303);
    assert.equal(world.gateway.coordinator.gate().mode, 'open');
    assert.equal((await ask(world, '/console/', { cookie: other })).status, 200, 'another one goes on');
  });
});

suite('a session id that somebody else has put into the browser', () => {
  test('is not taken over by the log-in, and one that was somebody’s ends with it', async () => {
    await using world = await startWorld({ settings: withTokens });
    const planted = `${name}=${'A'.repeat(43)}`;
    const first = await logIn(world, planted);
    assert.notEqual(first.cookie, planted);
    assert.equal((await ask(world, '/console/', { cookie: planted })).status, 303);
    const second = await logIn(world, first.cookie);
    assert.notEqual(second.cookie, first.cookie);
    assert.equal((await ask(world, '/console/', { cookie: first.cookie })).status, 303);
    assert.equal((await ask(world, '/console/', { cookie: second.cookie })).status, 200);
    // Not in the address, nor of the API.
    const id = second.cookie.slice(name.length + 1);
    assert.equal((await ask(world, `/console/?${name}=${id}`)).status, 303);
    assert.equal((await ask(world, '/v1/pair', { headers: { authorization: `Bearer ${id}` } })).status, 401);
  });
});

test('a console over HTTP says nothing of HTTPS: it would lock browsers out', async () => {
  await using world = await startWorld({ settings: withTokens });
  const { setCookie, cookie } = await logIn(world);
  assert.doesNotMatch(setCookie, /Secure/);
  for (const path of ['/console/', '/v1/pair', '/nothing']) {
    assert.equal((await ask(world, path, { cookie })).headers['strict-transport-security'], undefined, path);
  }
});
