/**
 * The demo as a newcomer runs it, as a process on a pipe; and its counting, which must be able to fail: by faults
 * in a whole performance, and by ledgers that are broken one by one. What the gateway does is tested elsewhere.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { deploymentOrder, tenantOrder } from '../../src/cli/demo/bodies.ts';
import { isClean, judge, type Ledgers } from '../../src/cli/demo/judgement.ts';
import { perform } from '../../src/cli/demo/play.ts';
import type { Stage } from '../../src/cli/demo/stage.ts';
import type { Transaction } from '../../src/domain/transaction.ts';
import type { Resource } from '../../src/sim/resources.ts';
import { until } from '../support/until.ts';

const storyMaxMs = 60_000;

describe('the demo as a process on a pipe', { concurrency: true, timeout: storyMaxMs }, () => {
  it('ends with exit code 0, plain lines, and nothing lost, doubled or out of order', async () => {
    await using demo = await startDemo({ keep: false });
    const code = await demo.exit;
    assert.equal(code, 0, demo.output());
    assert.match(demo.output(), /lost 0, doubled 0, out of order 0\.\n$/);
    assert.match(demo.output(), /^ *\d+\.\ds == The active VM dies$/m);
    const { sent, answered, replayed } = figures(demo.output());
    assert.equal(answered, sent);
    assert.ok(replayed > 0, 'the switchovers hit requests that had to be sent again');
    assert.equal(demo.output().match(/gate shut/g)?.length, 2);
    assert.equal(demo.output().match(/last replayed answer \d/g)?.length, 2);
    assert.ok(!demo.output().includes('\u001b'), 'no escape sequences where there is no terminal');
    assert.deepEqual(await demo.leftovers(), []);
  });

  it('stays with --keep, can be tried by the lines it prints, and ends at Ctrl-C', async () => {
    await using demo = await startDemo({ keep: true });
    await until(() => demo.output().includes('until Ctrl-C'), 'it invites', storyMaxMs);
    const urls = [...demo.output().matchAll(/http:\/\/[^\s']+/g)].map(([url]) => url);
    const tenant = urls.find((url) => url.endsWith('/tenants/mine')) ?? 'http://127.0.0.1:1/';
    const body = /-d '(<tenant .*<\/tenant>)'/.exec(demo.output())?.[1] ?? '';
    const headers = { 'content-type': 'application/xml' };
    const created = await request(tenant, { method: 'POST', headers, body });
    await created.body.dump();
    assert.equal(created.statusCode, 200);
    const state = await request(urls.find((url) => url.endsWith('/state')) ?? '');
    assert.match(await state.body.text(), /"phase":"P4"/);
    const switchovers = await request(urls.find((url) => url.endsWith('/v1/switchovers')) ?? '');
    assert.equal(((await switchovers.body.json()) as unknown[]).length, 2);
    demo.child.kill('SIGINT');
    assert.equal(await demo.exit, 0, demo.output());
    assert.deepEqual(await demo.leftovers(), []);
  });

  it('ends at once at Ctrl-C in the middle of a switchover, with exit code 1 and nothing left behind', async () => {
    await using demo = await startDemo({ keep: false });
    await until(() => demo.output().includes('gate shut'), 'the first switchover is under way', storyMaxMs);
    demo.child.kill('SIGINT');
    assert.equal(await demo.exit, 1);
    assert.match(demo.output(), /interrupted\n$/);
    assert.deepEqual(await demo.leftovers(), []);
  });
});

describe('a demo in which something is wrong', { concurrency: true, timeout: storyMaxMs }, () => {
  it('counts a request that ESC refused as lost', async () => {
    const { isFine, told } = await performWith(async ({ pair }) => {
      pair.inject({ fault: 'status', status: 400, match: { method: 'POST', path: 'vnf-001' } });
    });
    assert.equal(isFine, false);
    assert.match(told, /: lost 1, doubled 0, out of order 0\.\n$/);
  });

  it('counts a create that meets what somebody else created as doubled', async () => {
    const { isFine, told } = await performWith(async ({ pair }) => {
      const { path, body } = tenantOrder('tenant-01');
      const url = `${pair.scheme}://${pair.vip}:${pair.ports.rest}${path}`;
      const headers = { 'content-type': 'application/xml' };
      const answer = await request(url, { method: 'POST', headers, body, reset: true });
      await answer.body.dump();
    });
    assert.equal(isFine, false);
    assert.match(told, /doubled 1, out of order 0\.\n$/);
  });
});

describe('the verdict of the demo', () => {
  it('is clean if everything was answered, completed and took effect once, in order', () => {
    assert.deepEqual(verdictOf({}), { lost: 0, doubled: 0, outOfOrder: 0, dropped: 0, isClean: true });
  });

  const faults: [string, Partial<Ledgers>, Partial<ReturnType<typeof verdictOf>>][] = [
    ['a client without an answer is a loss', { book: [tenantSent(), { ...vnfSent(), result: null }] }, { lost: 1 }],
    ['a 202 is no final answer', { book: [tenantSent(), vnfSent(202)] }, { lost: 1 }],
    ['a 409 to a client is a doubling, and no answer', { book: [tenantSent(), vnfSent(409)] }, { lost: 1, doubled: 1 }],
    ['a 2xx without an effect is a loss', { effects: [effect('tenant', 't')], resources: [] }, { lost: 1 }],
    ['a request that the journal does not hold is a loss', { transactions: [transaction('t')] }, { lost: 1 }],
    [
      'two effects of one create are a doubling',
      { effects: [effect('tenant', 't'), effect('deployment', 'v'), effect('deployment', 'v')] },
      { doubled: 1 },
    ],
    [
      'a VM that was made twice is a doubling of its deployment',
      { effects: [effect('tenant', 't'), effect('deployment', 'v'), effect('vm', 'v/a'), effect('vm', 'v/a')] },
      { doubled: 1 },
    ],
    [
      'a deployment executed before its tenant is out of order',
      { executed: [ran('v', 20), ran('t', 10)] },
      { outOfOrder: 1 },
    ],
    [
      'also if ESC refused it then and took it later',
      { executed: [ran('v', 5, 404), ran('t', 10), ran('v', 20)] },
      { outOfOrder: 1 },
    ],
  ];
  for (const [sentence, ledgers, expected] of faults) {
    it(sentence, () => {
      const clean = { lost: 0, doubled: 0, outOfOrder: 0, dropped: 0, isClean: false };
      assert.deepEqual(verdictOf(ledgers), { ...clean, ...expected });
    });
  }

  const stuck = { effects: [effect('tenant', 't')], resources: [row('v')] };
  it('what ESC accepted before the last switchover and never did is dropped by ESC, not lost', () => {
    const verdict = verdictOf({ ...stuck, lastSwitchoverAt: 30 });
    assert.deepEqual(verdict, { lost: 0, doubled: 0, outOfOrder: 0, dropped: 1, isClean: true });
  });

  it('what ESC accepted after the last switchover and never did is lost', () => {
    const verdict = verdictOf({ ...stuck, lastSwitchoverAt: 15 });
    assert.deepEqual(verdict, { lost: 1, doubled: 0, outOfOrder: 0, dropped: 0, isClean: false });
  });
});

/** Ledgers of a tenant `t` and its deployment `v`, honest but for what is given. */
function verdictOf(broken: Partial<Ledgers>) {
  const judgement = judge({
    book: [tenantSent(), vnfSent()],
    transactions: [transaction('t'), transaction('v')],
    effects: [effect('tenant', 't'), effect('deployment', 'v'), effect('vm', 'v/a')],
    resources: [],
    executed: [ran('t', 10), ran('v', 20)],
    lastSwitchoverAt: 0,
    ...broken,
  });
  const { lost, doubled, outOfOrder, dropped } = judgement.all;
  return { lost, doubled, outOfOrder, dropped, isClean: isClean(judgement) };
}

function tenantSent() {
  return {
    order: tenantOrder('t'),
    sentAt: 0,
    result: { kind: 'answered', at: 11, status: 200, transaction: 't' } as const,
  };
}

function vnfSent(status = 200) {
  const order = deploymentOrder('t', 'n', 'v');
  return { order, sentAt: 0, result: { kind: 'answered', at: 21, status, transaction: 'v' } as const };
}

function effect(resourceType: 'tenant' | 'deployment' | 'vm', id: string) {
  return { at: 0, node: 'a', kind: 'created', resourceType, id, transaction: id } as const;
}

function ran(id: string, at: number, status = 200) {
  return { at, node: 'a', method: 'POST', path: `/x/${id}`, headers: {}, body: '', transaction: id, status };
}

/** Only what is judged of a record is filled in. */
function transaction(id: string): Transaction {
  const state = { status: 'completed', settledAt: 0, reason: '' };
  return { id, path: `/x/${id}`, state, attempts: [] } as unknown as Transaction;
}

function row(id: string): Resource {
  return { id, type: 'deployment', state: { is: 'in-progress' }, transaction: id } as unknown as Resource;
}

/** A whole performance in this process, at a quarter of the demo's time. */
async function performWith(prepare: (stage: Stage) => Promise<void>): Promise<{ isFine: boolean; told: string }> {
  const output = new PassThrough();
  const telling = text(output);
  const { signal } = new AbortController();
  const isFine = await perform({
    vnfs: 6,
    output,
    signal,
    afterwards: async () => undefined,
    prepare,
    timeScale: 0.0125,
  });
  output.end();
  return { isFine, told: await telling };
}

interface DemoProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  output(): string;
  /** What is left in its directory for temporary files. */
  leftovers(): Promise<string[]>;
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

async function startDemo({ keep }: { keep: boolean }): Promise<DemoProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'northgate-test-'));
  const child = spawn(process.execPath, [main, 'demo', ...(keep ? ['--keep'] : [])], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
  }
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    exit,
    output: () => printed,
    leftovers: () => readdir(directory),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exit;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function figures(output: string): { sent: number; answered: number; replayed: number } {
  const [, sent, answered, replayed] = /(\d+) sent, (\d+) answered, (\d+) replayed/.exec(output) ?? [];
  return { sent: Number(sent), answered: Number(answered), replayed: Number(replayed) };
}
