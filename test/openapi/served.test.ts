/** The documents where they are served: on both listeners, in both versions, with a page that needs nothing from elsewhere. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { request } from 'undici';
import { parse } from 'yaml';
import { asOpenApi31 } from '../../src/http/openapi-31.ts';
import { startWorld } from '../support/world.ts';

const read = async (url: string) => {
  const { statusCode: status, headers, body } = await request(url);
  return { status, headers, text: await body.text() };
};

/** What a document refers to by `src` and `href`, as a browser resolves it. */
const referred = (html: string, base: string): URL[] =>
  [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference = '']) => new URL(reference, base));

test('both listeners serve their document as it is in the repository, as 3.0.3 and as 3.1', async () => {
  await using world = await startWorld();
  const { northbound, ops } = world.gateway;
  const places = [
    ['northbound', `${northbound.url}/northgate/v1`],
    ['ops', ops.url],
  ] as const;
  for (const [name, base] of places) {
    const document = parse(await readFile(new URL(`../../openapi/${name}.yaml`, import.meta.url), 'utf8')) as object;
    assert.deepEqual(JSON.parse((await read(`${base}/openapi.json`)).text), document);
    assert.deepEqual(JSON.parse((await read(`${base}/openapi-3.1.json`)).text), asOpenApi31(document));
  }
});

test('the pages load all they need from their own listener, may load nothing else, and ask for no token', async () => {
  const tokens = [{ name: 'ann', role: 'viewer', sha256: createHash('sha256').update('secret').digest('hex') }];
  await using world = await startWorld({ settings: { NORTHGATE_OPS_TOKENS: JSON.stringify(tokens) } });
  const { northbound, ops } = world.gateway;
  for (const base of [`${northbound.url}/northgate/v1/docs`, `${ops.url}/docs`]) {
    for (const page of [base, `${base}/`]) {
      const { status, headers, text } = await read(page);
      assert.equal(status, 200, page);
      assert.match(String(headers['content-type']), /^text\/html/);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /default-src 'none'/);
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
      assert.doesNotMatch(text, /<script>|<style|\son\w+=/);
      const resources = referred(text, page);
      assert.ok(resources.length >= 5, text);
      for (const resource of resources) {
        assert.equal(resource.origin, new URL(base).origin);
        assert.equal((await read(resource.href)).status, 200, resource.href);
      }
    }
    assert.equal(JSON.parse((await read(`${base}/json`)).text).openapi, '3.0.3');
    const posted = await request(`${base}/`, { method: 'POST', headers: { authorization: 'Bearer secret' } });
    await posted.body.dump();
    assert.equal(posted.statusCode, 405);
    assert.equal(posted.headers.allow, 'GET, HEAD');
    const nothing = await read(`${base}/static/nothing.js`);
    assert.equal(nothing.status, 404);
    assert.match(String(nothing.headers['content-type']), /^application\/problem\+json/);
  }
  assert.equal((await read(`${ops.url}/openapi-3.1.json`)).status, 401, 'what is no page asks for a token');
});
