/** A completion that is made up while the journal stutters says which event it is: a client waits for that one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transaction } from '../../src/domain/transaction.ts';
import { type Journal, JournalUnavailable } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { operationNamed } from '../support/completion-operations.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

const services = '/ESCManager/v0/{tenant}/deployments/service/{deployment}';

test('R30 the event of a stop that was not observed is read again until the journal is back', async () => {
  let failuresLeft = 0;
  const open: typeof openJournal = async (options) => {
    const journal = await openJournal(options);
    const body: Journal['body'] = (id, which) => {
      if (failuresLeft === 0) return journal.body(id, which);
      failuresLeft -= 1;
      return Promise.reject(new JournalUnavailable('away'));
    };
    return { ...journal, body };
  };
  await using world = await startWorld({
    internals: { open },
    settings: {
      // Nobody listens there: what ESC reports is lost.
      NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${await freePort()}`,
      NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
      NORTHGATE_COMPLETION_ASK_AFTER: '1h',
      NORTHGATE_POLICIES: JSON.stringify([{ method: 'POST', path: services, completeWithin: '500ms' }]),
    },
  });
  const [create, stop] = [operationNamed('create a deployment'), operationNamed('STOP a service')];
  const callback = { Callback: `http://127.0.0.1:${await freePort()}/cb` };
  await world.send('POST', create.path('web'), create.body?.('web'), callback);
  const stands = () => world.pair.resources().some(({ id, state }) => id === 'web' && state.is === 'active');
  await until(stands, 'it stands');
  const told = await world.send('POST', stop.path('web'), stop.body?.('web'), callback);
  assert.equal(told.status, 200, told.body);
  failuresLeft = 2;

  let stopped: Transaction | undefined;
  const isSettled = async (): Promise<boolean> => {
    const [newest] = await world.gateway.journal.list({ lane: 'deployments/web', limit: 1 });
    stopped = newest;
    return newest?.state.status === 'completed';
  };
  await until(isSettled, 'the stop is settled');
  assert.equal(failuresLeft, 0);
  assert.deepEqual(
    stopped?.reports.map(({ from, eventType }) => [from, eventType]),
    [['made-up', stop.ends]],
  );
});
