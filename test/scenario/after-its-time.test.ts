/**
 * What becomes of a transaction that ESC took, or answered with less than that, and of which nothing good is seen later (R3).
 * ESC is a table of answers here, since it has to say what a working one would not.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import supertest from 'supertest';
import { replayOrdered } from '../../src/domain/operator-moves.ts';
import type { Status, Transaction } from '../../src/domain/transaction.ts';
import type { HeardRequest } from '../support/echo-esc.ts';
import { type EchoWorld, startEchoWorld } from '../support/echo-world.ts';
import { until } from '../support/until.ts';

const base = '/ESCManager/v0';
const withinMs = 400;

/** What ESC answers, status and body, or null: it hangs up. A resource that it does not show is not there. */
type Said = readonly [status: number, body: string];
type Saying = (request: HeardRequest) => Said | null | Promise<Said | null>;

function start(say: Saying, completeWithinMs = withinMs, more: { replay?: 'never' } = {}): Promise<EchoWorld> {
  const paths = [`${base}/tenants/{tenant}`, `${base}/{tenant}/deployments/{deployment}`];
  const policies = paths.flatMap((path) =>
    ['POST', 'PUT'].map((method) => ({ method, path, completeWithin: `${completeWithinMs}ms`, ...more })),
  );
  return startEchoWorld({
    answering: (request, socket) => void answer(say, request, socket),
    settings: {
      NORTHGATE_POLICIES: JSON.stringify(policies),
      NORTHGATE_COMPLETION_ASK_AFTER: '100ms',
      NORTHGATE_REPLAY_STUCK_AFTER: '500ms',
      NORTHGATE_REPLAY_RAMP_UP: '0s',
    },
  });
}

async function answer(say: Saying, request: HeardRequest, socket: Socket): Promise<void> {
  const said = request.target.endsWith('/tenants') ? ([200, '<tenants/>'] as const) : await say(request);
  if (said === null) return void socket.destroy();
  const [status, body] = said;
  const kind = status === 302 ? 'text/html\r\nLocation: /portal/login' : 'application/xml';
  const head = `HTTP/1.1 ${status} X\r\nContent-Type: ${kind}\r\nContent-Length: ${body.length}`;
  socket.write(`${head}\r\n\r\n${body}`);
}

const deployment = (state: string): string =>
  `<deployment><name>d</name><state_machine><state>${state}</state></state_machine></deployment>`;
const create = '<deployment><name>d</name></deployment>';
const path = '/adm/deployments/d';
const absent = [404, '<error>none</error>'] as const;
const ok = [200, '<ok/>'] as const;

async function order(world: EchoWorld, method: string, path: string, body: string | null = null): Promise<Response> {
  const headers = { 'content-type': 'application/xml' };
  return fetch(`http://${world.host}${base}${path}`, { method, body, headers, redirect: 'manual' });
}

async function newest(world: EchoWorld): Promise<Transaction> {
  const [transaction] = await world.transactions();
  assert.ok(transaction);
  return transaction;
}

async function becomes(world: EchoWorld, status: Status): Promise<Transaction> {
  await until(async () => (await newest(world)).state.status === status, `it is ${status}`);
  return newest(world);
}

const sendsOf = ({ attempts }: Transaction): number => attempts.filter(({ kind }) => kind === 'send').length;
const reasonOf = ({ state }: Transaction): string => ('reason' in state ? state.reason : '');

/** Its epoch ends, and the next one begins when its time is over. */
async function awayForItsTime({ gateway: { coordinator } }: EchoWorld): Promise<void> {
  const isOver = AbortSignal.timeout(withinMs + 100);
  coordinator.byHand('holding');
  coordinator.distrust('the test says so');
  await until(() => isOver.aborted, 'its time is over');
  coordinator.byHand('open');
}

/** Of one that awaits an operator. */
async function itsTimeIsOver(world: EchoWorld): Promise<void> {
  const transaction = await newest(world);
  const policy = { ...transaction.policy, completeWithinMs: 0 };
  const replaced = await world.gateway.journal.replace({ transaction: { ...transaction, policy } });
  assert.equal(replaced.word, 'replaced');
}

test('R2 a replay that an operator orders after its time is sent, and one that ESC refuses is the operator’s again', async () => {
  let answer: readonly [number, string] = ok;
  await using world = await start((request) => (request.method === 'POST' ? answer : absent));
  const reboot = '<service_operation><operation>REBOOT</operation></service_operation>';
  await order(world, 'POST', '/adm/deployments/service/d', reboot);
  world.gateway.coordinator.distrust('the test says so');
  const waiting = await becomes(world, 'awaiting-operator');
  assert.match(reasonOf(waiting), /nothing can be looked up/);
  await itsTimeIsOver(world);

  answer = [409, '<error>busy</error>'];
  await supertest(world.gateway.ops.url).post(`/v1/transactions/${waiting.id}/replay`).expect(202);
  await until(async () => sendsOf(await newest(world)) === 2, 'it was sent once more');
  const refused = await becomes(world, 'awaiting-operator');
  assert.equal(reasonOf(refused), 'the replay was answered 409');

  answer = ok;
  await supertest(world.gateway.ops.url).post(`/v1/transactions/${waiting.id}/replay`).expect(202);
  await until(async () => sendsOf(await newest(world)) === 3, 'it was sent once more');
});

test('R3 a create that ESC took longer ago than it may take, and does not have now, awaits an operator', async () => {
  let isThere = true;
  const state = '<tenant><name>t</name><tenant_state>TENANT_CREATING_STATE</tenant_state></tenant>';
  await using world = await start(({ method }) => (method === 'POST' ? ok : isThere ? [200, state] : absent));
  assert.equal((await order(world, 'POST', '/tenants/t', '<tenant><name>t</name></tenant>')).status, 200);
  isThere = false;
  await awayForItsTime(world);

  const waiting = await becomes(world, 'awaiting-operator');
  assert.match(reasonOf(waiting), /^ESC took it at .*longer ago than it may take/);
  assert.equal(sendsOf(waiting), 1);
  await supertest(world.gateway.ops.url).post(`/v1/transactions/${waiting.id}/replay`).expect(202);
  await until(async () => sendsOf(await newest(world)) === 2, 'an operator’s order is carried out');
});

test('R20 a clean-up that ESC takes its time for is waited for, and then the resource is created again', async () => {
  let [state, looksAfter, deletes]: [string | null, number, number] = [null, 0, 0];
  await using world = await start(({ method }) => {
    if (method === 'POST') state = state === null && deletes === 0 ? 'SERVICE_DEPLOYING_STATE' : 'SERVICE_ACTIVE_STATE';
    if (method === 'DELETE') deletes += 1;
    if (method !== 'GET') return ok;
    if (deletes > 0 && state === 'SERVICE_ERROR_STATE') looksAfter += 1;
    // As long as it undeploys, it shows the error.
    if (looksAfter > 3) [state, looksAfter] = [null, 0];
    return state === null ? absent : [200, deployment(state)];
  }, 600_000);
  assert.equal((await order(world, 'POST', path, create)).status, 200);
  state = 'SERVICE_ERROR_STATE';
  world.gateway.coordinator.distrust('the test says so');

  const { attempts } = await becomes(world, 'completed');
  assert.deepEqual(
    attempts.map(({ kind }) => kind),
    ['send', 'clean-up', 'send'],
  );
  assert.equal(deletes, 1);
});

const update = '<deployment><name>d</name><x>1</x></deployment>';

for (const [what, shown] of Object.entries({
  'is in error': [200, deployment('SERVICE_ERROR_STATE')],
  'is gone': absent,
  'is still under way': [200, deployment('SERVICE_UPDATING_STATE')],
} satisfies Record<string, readonly [number, string]>)) {
  test(`R3 an accepted update whose deployment ${what} after its time awaits an operator, and is not sent again`, async () => {
    await using world = await start(({ method }) => (method === 'GET' ? shown : ok));
    assert.equal((await order(world, 'PUT', path, update)).status, 200);

    const waiting = await becomes(world, 'awaiting-operator');
    assert.match(reasonOf(waiting), /longer ago than it may take/);
    assert.equal(sendsOf(waiting), 1);
    assert.equal(world.gateway.coordinator.epoch, waiting.attempts[0]?.epoch, 'and the gate stays open');
  });
}

test('promise 5: a create is not told as failed by what a later update broke', async () => {
  let state = 'SERVICE_ACTIVE_STATE';
  let isShown = false;
  await using world = await start(({ method }) => {
    if (method === 'PUT') [state, isShown] = ['SERVICE_ERROR_STATE', true];
    return method === 'GET' ? (isShown ? [200, deployment(state)] : [500, '<error>not yet</error>']) : ok;
  }, 600_000);
  assert.equal((await order(world, 'POST', path, create)).status, 200);
  assert.equal((await order(world, 'PUT', path, update)).status, 200);

  const first = async (): Promise<Transaction | undefined> => (await world.transactions()).at(-1);
  await until(async () => (await first())?.state.status !== 'accepted', 'the create ends');
  const ended = await first();
  assert.equal(ended?.state.status, 'completed', JSON.stringify(ended?.state));
  assert.match(ended === undefined ? '' : reasonOf(ended), /^not-observed: ESC took the later transaction/);
});

test('a redirect is ESC’s answer: the client gets it, nothing is taken for accepted, and nothing is sent again', async () => {
  const page = '<html>log in</html>';
  await using world = await start(({ method }) => (method === 'GET' ? absent : [302, page]), 600_000);
  const { epoch } = world.gateway.coordinator;
  const told = await order(world, 'POST', path, create);

  assert.deepEqual([told.status, told.headers.get('location'), await told.text()], [302, '/portal/login', page]);
  const failed = await becomes(world, 'failed');
  assert.equal(reasonOf(failed), 'ESC answered 302');
  assert.equal(sendsOf(failed), 1);
  assert.equal(world.gateway.coordinator.epoch, epoch);
});

test('R2 a replay ordered at another gateway while this one is about to leave it to the operator is sent', async () => {
  let puts = 0;
  const look = Promise.withResolvers<void>();
  let isLooking = false;
  const say: Saying = async ({ method }) => {
    if (method !== 'GET') return ++puts === 1 ? null : ok;
    isLooking = true;
    await look.promise;
    return [200, deployment('SERVICE_ACTIVE_STATE')];
  };
  await using world = await start(say, 600_000, { replay: 'never' });
  const told = order(world, 'PUT', path, update);
  await until(() => isLooking, 'ESC is asked what it has');
  const read = await newest(world);
  const transaction = replayOrdered(read, { by: 'kim', owner: read.owner, now: Date.now() });
  assert.ok(transaction);
  assert.equal((await world.gateway.journal.replace({ transaction })).word, 'replaced');
  look.resolve();

  assert.equal((await told).status, 200);
  assert.equal(puts, 2);
});
