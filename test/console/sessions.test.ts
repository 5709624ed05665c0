/** Who gets into the console, and what other sites' pages can make a browser do: sessions, roles, CSRF, headers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Sessions } from '../../src/console/sessions.ts';
import { ops } from '../support/ops.ts';
import { startWorld, type World } from '../support/world.ts';

const token = (name: string, role: string) => ({
  name,
  role,
  sha256: createHash('sha256').update(`${name}-token`).digest('hex'),
});

const withTokens = { NORTHGATE_OPS_TOKENS: JSON.stringify([token('vera', 'viewer'), token('otto', 'operator')]) };
const own = { 'Sec-Fetch-Site': 'same-origin' };

/** Logs in; the cookie that the browser would send from now on. */
async function logIn(world: World, name: string): Promise<{ cookie: string; setCookie: string }> {
  const { headers } = await ops(world)
    .post('/console/log-in')
    .set(own)
    .type('form')
    .send({ token: `${name}-token` })
    .expect(303);
  const setCookie = String(headers['set-cookie']);
  return { cookie: setCookie.split(';', 1)[0] ?? '', setCookie };
}

const formTokenOf = (page: string): string => /name="form" value="([\w-]+)"/.exec(page)?.[1] ?? '';

test('without a session every page leads to the log-in and back, and nothing of the gateway is told', async () => {
  await using world = await startWorld({ settings: withTokens });
  for (const path of ['/console/', '/console/transactions?status=held', '/console/nothing', '/console/events']) {
    const { headers, text } = await ops(world).get(path).expect(303);
    assert.match(String(headers.location), /^\/console\/log-in\?next=%2Fconsole%2F/);
    assert.equal(text, '');
  }
  const { text } = await ops(world).get('/console/log-in?next=/console/audit').expect(200);
  assert.match(text, /name="next" value="\/console\/audit"/);
  assert.doesNotMatch(text, /epoch|127\.0\.0\.|gate open/);
  // The page that refreshes itself is led away as a whole.
  const { headers } = await ops(world).get('/console/').set('HX-Request', 'true').expect(401);
  assert.equal(headers['hx-redirect'], '/console/log-in?next=%2Fconsole%2F');
});

test('the cookie is a random id that scripts and other sites do not get, and log-out ends it', async () => {
  await using world = await startWorld({ settings: withTokens });
  const { cookie, setCookie } = await logIn(world, 'otto');
  assert.match(setCookie, /^northgate_session=[\w-]{43}; Max-Age=43200; Path=\/console; HttpOnly; SameSite=Strict$/);
  assert.notEqual((await logIn(world, 'otto')).cookie, cookie);
  const { text } = await ops(world).get('/console/').set('Cookie', cookie).expect(200);
  assert.match(text, /otto/);
  // A session is for the console alone.
  await ops(world).get('/v1/pair').set('Cookie', cookie).expect(401);

  const form = formTokenOf(text);
  await ops(world).post('/console/log-out').set(own).set('Cookie', cookie).type('form').send({ form }).expect(303);
  await ops(world).get('/console/').set('Cookie', cookie).expect(303);
});

test('a wrong token gets a page and no cookie, and after ten tries in a minute the address waits', async () => {
  await using world = await startWorld({ settings: withTokens });
  const attempt = () => ops(world).post('/console/log-in').set(own).type('form').send({ token: 'guess' });
  const { text, headers } = await attempt().expect(401);
  assert.match(text, /none of this gateway’s tokens/);
  assert.equal(headers['set-cookie'], undefined);
  for (let tries = 2; tries <= 10; tries += 1) await attempt().expect(401);
  const refused = await attempt().expect(429);
  assert.match(refused.text, /Too many log-ins/);
  assert.equal(refused.headers['retry-after'], '60');
});

test('after the log-in only a path of the console follows, whatever the address said', async () => {
  await using world = await startWorld({ settings: withTokens });
  for (const next of [
    'https://evil.example/',
    '//evil.example/',
    '/v1/pair',
    '/console/\\evil',
    'javascript:alert(1)',
  ]) {
    const { headers } = await ops(world)
      .post('/console/log-in')
      .set(own)
      .type('form')
      .send({ token: 'vera-token', next })
      .expect(303);
    assert.equal(headers.location, '/console/');
  }
});

test('viewers see no act, are refused every one, and the refusal is in the audit', async () => {
  await using world = await startWorld({ settings: withTokens });
  await world.createTenant('a');
  const { cookie } = await logIn(world, 'vera');
  const page = (path: string) => ops(world).get(path).set('Cookie', cookie);
  for (const path of ['/console/', '/console/transactions', '/console/dead-letters']) {
    assert.doesNotMatch((await page(path).expect(200)).text, /\/console\/acts/, path);
  }
  const { text } = await page('/console/acts?act=hold').expect(403);
  assert.match(text, /vera is a viewer and may not act/);
  const form = formTokenOf((await page('/console/')).text);
  const order = { act: 'hold', reason: 'because', form };
  await ops(world).post('/console/acts').set(own).set('Cookie', cookie).type('form').send(order).expect(403);
  assert.equal(world.gateway.coordinator.gate().mode, 'open');
  const audit = (await page('/console/audit').expect(200)).text;
  assert.match(audit, /vera[\s\S]*Gate[\s\S]*refused 403/);
});

test('a form that another site’s page sends, or that lacks the session’s token, does nothing', async () => {
  await using world = await startWorld({ settings: withTokens });
  const { cookie } = await logIn(world, 'otto');
  const form = formTokenOf((await ops(world).get('/console/').set('Cookie', cookie)).text);
  const post = (headers: Record<string, string>, body: Record<string, string>) =>
    ops(world).post('/console/acts').set('Cookie', cookie).set(headers).type('form').send(body);
  const order = { act: 'hold', reason: 'because' };
  const { host } = new URL(world.gateway.ops.url);
  for (const headers of [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'none' },
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { ...own, Origin: 'https://evil.example' },
    {},
  ]) {
    await post(headers, { ...order, form }).expect(403);
  }
  await post(own, order).expect(403);
  await post(own, { ...order, form: `${form.slice(1)}x` }).expect(403);
  // Another's session token is no good either.
  const other = formTokenOf(
    (
      await ops(world)
        .get('/console/')
        .set('Cookie', (await logIn(world, 'otto')).cookie)
    ).text,
  );
  await post(own, { ...order, form: other }).expect(403);
  assert.equal(world.gateway.coordinator.gate().mode, 'open');
  await post({ Origin: `http://${host}` }, { ...order, form }).expect(303);
  assert.equal(world.gateway.coordinator.gate().mode, 'holding');
});

test('without tokens a stranger’s name for this host, and a stranger’s page, get nothing', async () => {
  await using world = await startWorld();
  await ops(world).get('/console/').set('Host', 'evil.example').expect(403);
  await ops(world)
    .post('/console/acts')
    .set('Origin', 'https://evil.example')
    .type('form')
    .send({ act: 'hold', reason: 'x' })
    .expect(403);
  // Not even one that guesses that there is no log-in.
  await ops(world).post('/console/acts').set(own).type('form').send({ act: 'hold', reason: 'x' }).expect(403);
  assert.equal(world.gateway.coordinator.gate().mode, 'open');
});

test('pages may load nothing from elsewhere and nothing inline, and are not kept by browsers or framed', async () => {
  await using world = await startWorld();
  const { headers, text } = await ops(world).get('/console/').expect(200);
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /^default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['referrer-policy'], 'same-origin');
  assert.doesNotMatch(text, / style="|<style|<script>|onclick=/);
});

test('what clients send is shown, never executed', async () => {
  await using world = await startWorld();
  const evil = '%3Cscript%3Ealert(1)%3C/script%3E"><img src=x onerror=alert(1)>';
  await ops(world)
    .get('/console/transactions')
    .query({ q: evil, lane: evil, client: evil })
    .expect(200)
    .expect(({ text }) => assert.doesNotMatch(text, /<img|<script>/));
  await world.send('POST', "/ESCManager/v0/tenants/a?x='%22<b>", '<t>]]><script>alert(1)</script></t>');
  const [transaction] = await world.gateway.journal.list({ limit: 1 });
  const { text } = await ops(world).get(`/console/transactions/${transaction?.id}`).expect(200);
  assert.doesNotMatch(text, /<b>\s*<|<script>alert/);
});

test('a session ends after an hour without a person’s act, after twelve in any case, and when too many others begin', () => {
  let now = 0;
  const sessions = new Sessions(() => now);
  const who = { name: 'otto', role: 'operator' as const };
  const hour = 60 * 60 * 1000;

  const idle = sessions.begin(who).id;
  now += hour - 1;
  // A page that refreshes itself does not count.
  assert.notEqual(sessions.find(idle, false), null);
  now += 1;
  assert.equal(sessions.find(idle, true), null);

  const busy = sessions.begin(who).id;
  for (let halfHours = 1; halfHours < 24; halfHours += 1) {
    now += hour / 2;
    assert.notEqual(sessions.find(busy, true), null);
  }
  now += hour / 2;
  assert.equal(sessions.find(busy, true), null);

  const first = sessions.begin(who).id;
  const second = sessions.begin(who).id;
  sessions.find(first, true);
  for (let others = 0; others < 199; others += 1) sessions.begin(who);
  assert.equal(sessions.find(second, true), null);
  assert.notEqual(sessions.find(first, true), null);
});
