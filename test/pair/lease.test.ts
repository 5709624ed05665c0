/**
 * A lease against the real clock: a replica thinks it over before the store does, and counts from when it asked (R32).
 * The journal is a real one; between it and the lease stands only when, and whether, its word comes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Journal } from '../../src/journal/journal.ts';
import { unavailable } from '../../src/journal/turn.ts';
import { now } from '../../src/pair/clock.ts';
import { Lease, type LeaseOptions } from '../../src/pair/lease.ts';
import { filePlace } from '../journal/file-place.ts';
import { until } from '../support/until.ts';

const log = pino({ level: 'silent' });

/** What a renewal goes through on its way; it may be changed at any time. */
type Path = (renew: () => ReturnType<Journal['renewLease']>) => ReturnType<Journal['renewLease']>;

interface Site extends AsyncDisposable {
  readonly journal: Journal;
  readonly lease: Lease;
  path: Path;
}

async function site(ttlMs: number, path: Path = (renew) => renew()): Promise<Site> {
  await using parts = new AsyncDisposableStack();
  const here = parts.use(await filePlace());
  const journal = await here.open();
  const way = { path };
  const through: LeaseOptions['journal'] = {
    ...journal,
    renewLease: (replica, ttl) => way.path(() => journal.renewLease(replica, ttl)),
  };
  const lease = new Lease({ replica: 'here', journal: through, log, ttlMs });
  parts.defer(() => lease.close());
  const all = parts.move();
  return Object.assign(way, { journal, lease, [Symbol.asyncDispose]: () => all[Symbol.asyncDispose]() });
}

const isLive = async (journal: Journal): Promise<boolean> => (await journal.leases())[0]?.isLive ?? false;

test('R32 a replica thinks its lease over a fifth of its time before the store does', async () => {
  const ttlMs = 2_000;
  // A process that got nothing of its machine for that fifth saw nothing, and looks again.
  for (let tries = 1; ; tries += 1) {
    await using here = await site(ttlMs);
    await here.lease.start();
    here.path = async () => unavailable(new Error('the journal is away'));
    assert.ok(here.lease.holds);
    const startedAt = now();
    let lastHeldAt = startedAt;
    await until(() => {
      if (here.lease.holds) lastHeldAt = now();
      return !here.lease.holds;
    }, 'it is over for this replica');
    const wasLive = await isLive(here.journal);
    if (now() - lastHeldAt > ttlMs / 10 && tries < 10) continue;
    assert.ok(wasLive, 'it is not over for the others');
    assert.ok(lastHeldAt - startedAt > ttlMs / 2, 'it held for most of its time');
    return;
  }
});

test('R32 a lease is counted from when its renewal was sent, however late it is confirmed', async () => {
  await using here = await site(300, async (renew) => {
    const renewed = await renew();
    const sentAt = now();
    await until(() => now() > sentAt + 300, 'the reply is late');
    return renewed;
  });
  await here.lease.start();
  assert.equal(here.lease.holds, false);
});

test('R32 a renewal that is not confirmed extends nothing, and one that is begins it again', async () => {
  await using here = await site(400);
  await here.lease.start();
  const heard: boolean[] = [];
  here.lease.onRenewed((wasLost) => heard.push(wasLost));
  // Written, and its reply lost: the store has it, this replica cannot know.
  here.path = async (renew) => {
    await renew();
    return unavailable(new Error('the reply was lost'));
  };
  await until(() => !here.lease.holds, 'it is over');
  assert.equal(heard.includes(true), false);
  const held = here.lease.untilHeld(now() + 60_000);
  here.path = (renew) => renew();
  assert.equal(await held, true);
  await until(() => heard.includes(true), 'it is told that it had been lost');
});

test('a lease that was lost while its renewal was under way is told as lost', async () => {
  await using here = await site(400);
  await here.lease.start();
  const heard: boolean[] = [];
  here.path = async (renew) => {
    await until(() => !here.lease.holds, 'it runs out meanwhile');
    return renew();
  };
  here.lease.onRenewed((wasLost) => {
    heard.push(wasLost);
    here.path = (renew) => renew();
  });
  await until(() => heard.length > 0, 'it is renewed');
  assert.equal(heard[0], true);
});

test('who waits for a lease is let go at the deadline, and when the replica ends', async () => {
  await using here = await site(400);
  await here.lease.start();
  here.path = async () => unavailable(new Error('the journal is away'));
  await until(() => !here.lease.holds, 'it is over');
  assert.equal(await here.lease.untilHeld(now() + 10), false);
  const waiting = here.lease.untilHeld(now() + 3_600_000);
  await here.lease.close();
  assert.equal(await waiting, false);
  assert.equal(await isLive(here.journal), false, 'it is over for the others too');
});

test('after a break in its renewals a replica takes nobody for dead until the time of a lease has passed', async () => {
  await using here = await site(600);
  await here.lease.start();
  assert.ok(here.lease.isSteady, 'a start may take up at once what was left');
  here.path = async () => unavailable(new Error('the journal is away'));
  await until(() => !here.lease.holds, 'the journal was away for most of its time');
  let renewedAt = 0;
  here.lease.onRenewed(() => {
    renewedAt ||= now();
  });
  here.path = (renew) => renew();
  await until(() => renewedAt > 0, 'it is renewed');
  await until(() => here.lease.isSteady, 'others had their time');
  assert.ok(now() - renewedAt >= 590, `it waited ${now() - renewedAt} ms`);
});

test('R5 only the lease of another replica that is older and is renewed covers', async () => {
  await using here = await site(60_000);
  await here.lease.start();
  assert.equal(await here.lease.isCovered(), false, 'nobody else is there');
  const [own] = await here.journal.leases();
  await until(() => Date.now() > (own?.since ?? 0) + 2, 'a moment has passed');
  await here.journal.renewLease('later', 60_000);
  assert.equal(await here.lease.isCovered(), false, 'it began later');
  await here.journal.endLease('here');
  await until(() => Date.now() > (own?.since ?? 0) + 4, 'a moment has passed');
  const renewing = setInterval(() => void here.journal.renewLease('later', 60_000), 100);
  assert.equal(await here.lease.isCovered(), true, 'that one is renewed, and this one does not hold');
  await here.journal.renewLease('here', 60_000);
  assert.equal(await here.lease.isCovered(), true, 'that one is the older one now');
  clearInterval(renewing);
  await here.journal.endLease('later');
  assert.equal(await here.lease.isCovered(), false, 'that one has ended');
});

test('R5 the lease of a dead replica that has not run out yet covers nobody', async () => {
  await using here = await site(6_000);
  await here.journal.renewLease('dead', 6_000);
  const [dead] = await here.journal.leases();
  await until(() => Date.now() > (dead?.since ?? 0) + 2, 'a moment has passed');
  await here.lease.start();
  assert.equal(await here.lease.isCovered(), false);
});
