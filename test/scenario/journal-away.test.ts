/**
 * The journal does not answer for a moment, at the worst moments: what it was asked may be done or not. Each of these
 * once lost a transaction or blocked its lane.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../src/domain/transaction.ts';
import { type Journal, JournalUnavailable, type Replacement } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

/** Once, when `isMeant` says so of a move: carried out or not, the answer is lost. */
class LostWord {
  isArmed = false;
  readonly isMeant: (status: Status) => boolean;
  readonly isDone: boolean;

  constructor(isMeant: (status: Status) => boolean, isDone: boolean) {
    this.isMeant = isMeant;
    this.isDone = isDone;
  }

  async replace(journal: Journal, replacement: Replacement): ReturnType<Journal['replace']> {
    if (!this.isArmed || !this.isMeant(replacement.transaction.state.status)) return journal.replace(replacement);
    this.isArmed = false;
    if (this.isDone) await journal.replace(replacement);
    return { word: 'unavailable', cause: new Error('the answer was lost') };
  }
}

async function worldWith(lost: LostWord, settings: Record<string, string> = {}): Promise<World> {
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    return { ...journal, replace: (replacement) => lost.replace(journal, replacement) };
  };
  return startWorld({ internals: { open }, settings });
}

async function shut(world: World): Promise<void> {
  await world.pair.switchover('application', { stopAt: 'P1' });
  await until(() => !world.gateway.coordinator.isOpen, 'the gate is shut');
}

const executed = (world: World, id: string): number =>
  world.pair.requests.filter(({ method, path }) => method === 'POST' && path.endsWith(`/${id}`)).length;

for (const isDone of [true, false]) {
  const how = isDone ? 'done and unconfirmed' : 'not done';

  test(`R10 a mark of a held transaction that is ${how}: it is sent once and answered, and its lane goes on`, async () => {
    const lost = new LostWord((status) => status === 'in-flight', isDone);
    await using world = await worldWith(lost);
    await shut(world);
    const told = world.createTenant('marked');
    await until(async () => (await world.gateway.journal.counts()).held === 1, 'it is held');
    lost.isArmed = true;
    await world.pair.proceed();

    assert.equal((await told).status, 200);
    assert.equal(executed(world, 'marked'), 1);
    assert.equal((await world.send('DELETE', '/ESCManager/v0/tenants/marked')).status, 200);
  });

  test(`R35 a record of ESC's answer that is ${how}: the client still gets the answer`, async () => {
    const lost = new LostWord((status) => status === 'accepted', isDone);
    await using world = await worldWith(lost);
    lost.isArmed = true;
    const told = await world.createTenant('answered');
    assert.equal(told.status, 200);
    assert.equal(executed(world, 'answered'), 1);
    await until(async () => (await world.gateway.journal.counts()).completed === 1, 'it is completed');
  });

  test(`R24 an abandoning that is ${how}: the client is told so, and it is never sent`, async () => {
    const lost = new LostWord((status) => status === 'abandoned', isDone);
    await using world = await worldWith(lost, { NORTHGATE_HOLD_TIMEOUT: '300ms' });
    await shut(world);
    lost.isArmed = true;
    const told = await world.createTenant('given-up');
    assert.equal(told.status, 503);
    assert.match(told.body, /hold-expired/);
    await until(async () => (await world.gateway.journal.counts()).abandoned === 1, 'the journal knows');
    await world.pair.proceed();
    await world.open();
    // Its own time may run out on a busy machine; that it is sent is enough.
    await world.createTenant('next');
    await until(() => executed(world, 'next') === 1, 'the next one is sent');
    assert.equal(executed(world, 'given-up'), 0);
  });
}

test('R24 an abandoning that the journal does not confirm: nobody is told that it is never sent', async () => {
  let isAway = false;
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    const replace: Journal['replace'] = async (replacement) =>
      isAway ? { word: 'unavailable', cause: new Error('away') } : journal.replace(replacement);
    return { ...journal, replace };
  };
  await using world = await startWorld({ internals: { open }, settings: { NORTHGATE_HOLD_TIMEOUT: '300ms' } });
  await shut(world);
  isAway = true;
  const told = await world.createTenant('unsaid');
  const { type, sent } = JSON.parse(told.body) as Record<string, string>;
  assert.deepEqual([told.status, type, sent], [503, 'urn:northgate:problem:journal-unavailable', 'maybe']);
  isAway = false;
  await until(
    async () => (await world.gateway.journal.counts()).abandoned === 1,
    'it is abandoned when the journal is back',
  );
});

test('a journal that cannot be read when a held transaction is due is asked again', async () => {
  let failures = 0;
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    const body: Journal['body'] = (id, which) => {
      failures += 1;
      return failures <= 2 ? Promise.reject(new JournalUnavailable('away')) : journal.body(id, which);
    };
    return { ...journal, body };
  };
  // Who looks reads the body too.
  const settings = { NORTHGATE_COMPLETION_ASK_AFTER: '1h' };
  await using world = await startWorld({ internals: { open }, settings });
  await shut(world);
  const told = world.createTenant('patient');
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'it is held');
  await world.pair.proceed();
  assert.equal((await told).status, 200);
  assert.equal(failures, 3);
});

test('R26 the journal is away when an answer has been handed over: the same again is done again, once it is back', async () => {
  let failures = 0;
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    const release: Journal['release'] = async (transaction) => {
      failures += 1;
      return failures <= 2 ? { word: 'unavailable', cause: new Error('away') } : journal.release(transaction);
    };
    return { ...journal, release };
  };
  await using world = await startWorld({ internals: { open } });
  const first = await world.createTenant('twice');
  await until(() => failures === 3, 'the journal is told again');
  const second = await world.createTenant('twice');
  assert.notEqual(second.headers['northgate-transaction'], first.headers['northgate-transaction']);
  assert.equal(executed(world, 'twice'), 2);
});

test('R23 and R35 the record was moved by another meanwhile and cannot be read at first: the answer is recorded and given', async () => {
  let state: 'armed' | 'moved' | 'unreadable' | 'over' = 'over';
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    return {
      ...journal,
      replace: (replacement) => {
        if (state !== 'armed' || replacement.transaction.state.status !== 'accepted')
          return journal.replace(replacement);
        state = 'moved';
        return Promise.resolve({ word: 'stale-version' as const });
      },
      get: (id) => {
        if (state === 'moved') {
          state = 'unreadable';
          return Promise.reject(new JournalUnavailable('away'));
        }
        return journal.get(id);
      },
    };
  };
  await using world = await startWorld({ internals: { open } });
  state = 'armed';
  assert.equal((await world.createTenant('moved')).status, 200);
  assert.equal(state, 'unreadable');
  await until(async () => (await world.gateway.journal.counts()).completed === 1, 'it is completed');
});

test('a create whose answer was lost while an earlier delete still runs in ESC is not taken for done', async () => {
  await using world = await startWorld({ pair: { workMs: { tenant: 120_000 } } });
  await world.createTenant('again');
  await until(
    () => world.pair.resources().some(({ id, state }) => id === 'again' && state.is === 'active'),
    'it is there',
  );
  assert.equal((await world.send('DELETE', '/ESCManager/v0/tenants/again')).status, 200);
  world.pair.inject({ fault: 'reset', when: 'before', match: { method: 'POST' } });
  const told = await world.createTenant('again');
  assert.equal(Math.floor(told.status / 100), 2);
  await until(
    () => world.pair.resources().some(({ id, state }) => id === 'again' && state.is === 'active'),
    'it is there again',
  );
});

test('R24 what was held, sent and not answered is not said to be abandoned while the journal is silent', async () => {
  let isSilent = false;
  let wasSilent = false;
  const away = new JournalUnavailable('away');
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    return {
      ...journal,
      replace: async (replacement) => {
        if (isSilent) return { word: 'unavailable', cause: away };
        const replaced = await journal.replace(replacement);
        isSilent = replacement.transaction.state.status === 'unacknowledged' && !wasSilent;
        wasSilent ||= isSilent;
        return replaced;
      },
      get: (id) => (isSilent ? Promise.reject(away) : journal.get(id)),
    };
  };
  await using world = await startWorld({ internals: { open }, settings: { NORTHGATE_HOLD_TIMEOUT: '8s' } });
  await shut(world);
  world.pair.inject({ fault: 'reset', when: 'after', match: { method: 'POST' } });
  const told = world.createTenant('sent');
  await until(async () => (await world.gateway.journal.counts()).held === 1, 'it is held');
  await world.pair.proceed();
  await until(() => wasSilent, 'its answer was lost');
  const promise = await told;
  assert.equal(promise.status, 202);
  // R21: no id of ESC's is named while the record may have got another one.
  assert.equal(promise.headers['esc-transaction-id'], undefined);
  isSilent = false;
  await until(async () => (await world.gateway.journal.counts()).completed === 1, 'it is completed');
  assert.equal(executed(world, 'sent'), 1);
});
