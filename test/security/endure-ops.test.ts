// Who holds connections of the ops listener: orchestrators do not notice, and operators get in, or are told why not.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Agent, request } from 'undici';
import { makeCertificate } from '../config/certificate.ts';
import { requestText } from '../support/raw-client.ts';
import { until } from '../support/until.ts';
import { behave, Flood, startEndurePlace } from './endure-place.ts';
import { withTokens } from './owasp-place.ts';

const own = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
const idle = 2_000;
const placesMax = 500;

/** Each time over a connection of its own. */
async function ask(url: string, headers: Record<string, string>, body?: string): Promise<Response> {
  const agent = new Agent({ connections: 1, pipelining: 0, connect: { rejectUnauthorized: false } });
  const method = body === undefined ? 'GET' : 'POST';
  const answer = await request(url, { dispatcher: agent, method, headers, ...(body === undefined ? {} : { body }) });
  const text = await answer.body.text();
  await agent.destroy();
  return { status: answer.statusCode, headers: answer.headers, text };
}

interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** The cookie of a session. */
async function logIn(opsUrl: string): Promise<string> {
  const { status, headers } = await ask(`${opsUrl}/console/log-in`, own, 'token=otto');
  assert.equal(status, 303);
  return String(headers['set-cookie']).split(';', 1)[0] ?? '';
}

suite(`${idle} connections to the ops listener`, () => {
  test('that ask nothing, or have asked: operators and orchestrators are answered', async (context) => {
    await using place = await startEndurePlace(withTokens);
    const cookie = await logIn(place.opsUrl);
    using flood = new Flood(place.opsUrl);
    await flood.connectMany(idle / 2, requestText(['GET /livez HTTP/1.1', 'Host: 127.0.0.1']));
    await flood.connectMany(idle / 2, '');
    await until(() => flood.ended >= idle - placesMax, 'the longest unused are let go');
    for (let asked = 0; asked < 5; asked += 1) {
      assert.equal((await ask(`${place.opsUrl}/console/`, { cookie })).status, 200);
      assert.equal((await ask(`${place.opsUrl}/v1/pair`, { authorization: 'Bearer otto' })).status, 200);
    }
    assert.equal((await behave(place.url, 10)).statuses.filter((status) => status === 200).length, 10);
    context.diagnostic(`${flood.ended} of ${idle} were let go`);
  });

  test('under TLS that never shake hands: operators are answered', async () => {
    const { cert, key } = makeCertificate('gateway', ['127.0.0.1']);
    await using place = await startEndurePlace({
      ...withTokens,
      NORTHGATE_OPS_TLS_CERT: cert,
      NORTHGATE_OPS_TLS_KEY: key,
    });
    using flood = new Flood(place.opsUrl);
    await flood.connectMany(idle, '');
    await until(() => flood.ended >= idle - placesMax, 'the longest unused are let go');
    assert.equal((await ask(`${place.opsUrl}/v1/pair`, { authorization: 'Bearer otto' })).status, 200);
  });

  test('that each have a request under way: who comes then is told so, and orchestrators are answered', async () => {
    // With tokens nobody gets so far without one: it is answered before its body is read.
    await using place = await startEndurePlace();
    using flood = new Flood(place.opsUrl);
    const head = ['POST /v1/observations HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json'];
    const trickle = requestText([...head, 'Content-Length: 1000'], '{');
    await flood.connectMany(placesMax, trickle);
    let told = await ask(`${place.opsUrl}/livez`, {});
    await until(async () => {
      // Again: those whose head has not been read yet have no request, and are let go for those who come after them.
      await flood.connectMany(10, trickle);
      told = await ask(`${place.opsUrl}/livez`, {});
      return told.status !== 200;
    }, 'there is no place');
    assert.equal(told.status, 429);
    assert.equal(told.headers['retry-after'], '30');
    assert.match(told.text, /urn:northgate:problem:rate-limited.*no place for another/);
    assert.equal((await behave(place.url, 10)).statuses.filter((status) => status === 200).length, 10);
    flood[Symbol.dispose]();
    await until(async () => (await ask(`${place.opsUrl}/livez`, {})).status === 200, 'there is room again');
  });
});
