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
import { until } from '../support/until.ts';

const storyMaxMs = 600_000;

describe('the demo as a process on a pipe', { concurrency: true, timeout: storyMaxMs }, () => {
  it('ends with exit code 0, plain lines, and nothing lost, doubled, mis-told or out of order', async () => {
    await using demo = await startDemo({ keep: false });
    const code = await demo.exit;
    assert.equal(code, 0, demo.output());
    assert.match(demo.output(), /lost 0, doubled 0, mis-told 0, out of order 0\.\n$/);
    assert.match(demo.output(), /^ *\d+\.\ds == The active VM dies$/m);
    const { sent, answered, completed, replayed, dropped } = figures(demo.output());
    assert.equal(answered, sent);
    assert.equal(completed, sent);
    assert.ok(replayed > 0, 'the switchovers hit requests that had to be sent again');
    assert.ok(dropped > 3, 'the switchovers hit requests that ESC had accepted');
    assert.match(demo.output(), /[1-9]\d* clean-ups; [1-9]\d* transactions kept their first id/);
    assert.match(demo.output(), /callbacks: [1-9]\d* of ESC relayed, [1-9]\d* completions made up/);
    assert.equal(demo.output().match(/gate shut/g)?.length, 3);
    assert.equal(demo.output().match(/last replayed answer \d/g)?.length, 3);
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
    assert.equal(((await switchovers.body.json()) as unknown[]).length, 3);
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
    assert.match(told, /: lost 1, doubled 0, mis-told 0, out of order 0\.\n$/);
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
    assert.match(told, /doubled 1, mis-told 0, out of order 0\.\n$/);
  });
});

describe('the verdict of the demo', () => {
  it('is clean if everything was answered, completed, told and took effect once, in order', () => {
    assert.deepEqual(verdictOf({}), { lost: 0, doubled: 0, misTold: 0, outOfOrder: 0, dropped: 0, isClean: true });
  });

  const faults: [string, Partial<Ledgers>, Partial<ReturnType<typeof verdictOf>>][] = [
    ['a client without an answer is a loss', { book: [tenantSent(), { ...vnfSent(), result: null }] }, { lost: 1 }],
    ['a 202 is no final answer', { book: [tenantSent(), vnfSent(202)] }, { lost: 1 }],
    ['a 409 to a client is a doubling, and no answer', { book: [tenantSent(), vnfSent(409)] }, { lost: 1, doubled: 1 }],
    ['a 2xx without an effect is a loss', { effects: [effect('tenant', 't')] }, { lost: 1 }],
    [
      'what was cleaned up and not made again is a loss',
      {
        effects: [effect('tenant', 't'), effect('deployment', 'v'), { ...effect('deployment', 'v'), kind: 'deleted' }],
      },
      { lost: 1 },
    ],
    [
      'without a report of its end a request is lost, whatever the journal says',
      { book: [tenantSent(), { ...vnfSent(), reports: [report('VM_ALIVE SUCCESS', 'v')] }] },
      { lost: 1 },
    ],
    [
      'a report that it failed is a loss, and wrong',
      { book: [tenantSent(), { ...vnfSent(), reports: [report('SERVICE_ALIVE FAILURE', 'v')] }] },
      { lost: 1, misTold: 1 },
    ],
    [
      'two reports of one end are a doubling',
      { book: [tenantSent(), { ...vnfSent(), reports: [...vnfSent().reports, ...vnfSent().reports] }] },
      { doubled: 1 },
    ],
    [
      'a report under another id than the answer bore is mis-told',
      { book: [tenantSent(), { ...vnfSent(), reports: [report('SERVICE_ALIVE SUCCESS', 'second')] }] },
      { misTold: 1 },
    ],
    ['a report to a URL of nobody is mis-told', { strayReports: 1 }, { misTold: 1 }],
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
      const clean = { lost: 0, doubled: 0, misTold: 0, outOfOrder: 0, dropped: 0, isClean: false };
      assert.deepEqual(verdictOf(ledgers), { ...clean, ...expected });
    });
  }

  it('what a switchover cut off after its answer, and was made good, is clean', () => {
    const expected = { lost: 0, doubled: 0, misTold: 0, outOfOrder: 0, dropped: 1, isClean: true };
    assert.deepEqual(
      verdictOf({ switchoversAt: [30], book: [{ ...tenantSent(), reports: early }, vnfSent()] }),
      expected,
    );
  });

  it('what a switchover cut off after its answer, and was not made good, is lost', () => {
    const expected = { lost: 1, doubled: 0, misTold: 0, outOfOrder: 0, dropped: 1, isClean: false };
    const book = [
      { ...tenantSent(), reports: early },
      { ...vnfSent(), reports: [] },
    ];
    assert.deepEqual(verdictOf({ switchoversAt: [30], book }), expected);
  });
});

/** Ledgers of a tenant `t` and its deployment `v`, honest but for what is given. */
function verdictOf(broken: Partial<Ledgers>) {
  const judgement = judge({
    book: [tenantSent(), vnfSent()],
    transactions: [transaction('t'), transaction('v')],
    effects: [effect('tenant', 't'), effect('deployment', 'v'), effect('vm', 'v/a')],
    executed: [ran('t', 10), ran('v', 20)],
    switchoversAt: [],
    strayReports: 0,
    ...broken,
  });
  const { lost, doubled, misTold, outOfOrder, dropped } = judgement.all;
  return { lost, doubled, misTold, outOfOrder, dropped, isClean: isClean(judgement) };
}

function tenantSent() {
  return {
    order: tenantOrder('t'),
    sentAt: 0,
    reports: [report('CREATE_TENANT SUCCESS', 't')],
    result: { kind: 'answered', at: 11, status: 200, transaction: 't', escTransaction: 't' } as const,
  };
}

function vnfSent(status = 200) {
  const order = deploymentOrder('t', 'n', 'v');
  const reports = [report('VM_ALIVE SUCCESS', 'v'), report('SERVICE_ALIVE SUCCESS', 'v')];
  const result = { kind: 'answered', at: 21, status, transaction: 'v', escTransaction: 'v' } as const;
  return { order, sentAt: 0, reports, result };
}

const early = [{ at: 12, says: 'CREATE_TENANT SUCCESS', escTransaction: 't' }];
function report(says: string, escTransaction: string) {
  return { at: 40, says, escTransaction };
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

/** A whole performance in this process, at a quarter of the demo's time. */
async function performWith(prepare: (stage: Stage) => Promise<void>): Promise<{ isFine: boolean; told: string }> {
  const output = new PassThrough();
  const telling = text(output);
  const { signal } = new AbortController();
  const isFine = await perform({
    vnfs: 8,
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

function figures(output: string) {
  const form = /(\d+) sent, (\d+) answered, (\d+) completed, (\d+) replayed,\n(\d+) accepted and then dropped/;
  const [sent = 0, answered = 0, completed = 0, replayed = 0, dropped = 0] = (form.exec(output) ?? [])
    .slice(1)
    .map(Number);
  return { sent, answered, completed, replayed, dropped };
}
