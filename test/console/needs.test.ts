/** "Needs you" stays short and in the order of urgency, however much there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeadLetterView } from '../../src/ops/dead-letters.ts';
import { countOf, type NeedsSources, needsOf } from '../../src/ops/needs.ts';
import type { PairView } from '../../src/ops/pair-view.ts';
import { transactionView } from '../../src/ops/transaction-view.ts';
import { held } from '../domain/records.ts';

const at = '2026-11-22T12:00:00.000Z';
const observed = { statusCode: null, stage: null, message: 'silent for 2000 ms', since: at };
const pair: PairView = {
  vip: '192.0.2.1',
  vipHealth: { ...observed, health: 'ready', statusCode: 2010, stage: 'READY', message: '' },
  gate: 'open',
  reason: 'none',
  gateSince: at,
  epoch: 2,
  activeNode: null,
  nodes: [
    { ...observed, address: '192.0.2.2', role: 'unknown', health: 'down' },
    { ...observed, address: '192.0.2.3', role: 'unknown', health: 'starting', statusCode: 2010, stage: 'INIT' },
  ],
  lastSwitchover: null,
  replica: 'one',
  held: { requests: 0, bytes: 0 },
  warnings: ['a risk'],
};

const letter = (number: number, lastError: string): DeadLetterView => ({
  id: `one-${number}`,
  transaction: 'one',
  client: 'nfvo',
  method: 'POST',
  path: '/ESCManager/v0/tenants/one',
  channel: 'callback',
  eventType: 'CREATE_TENANT',
  status: 'success',
  from: 'esc',
  reportedAt: at,
  deadAt: at,
  tries: 1,
  lastError,
});

const sources: NeedsSources = { pair, waiting: [], waitingCount: 0, letters: [], hasMoreLetters: false };

test('a pair without its standby comes before what waits, and letters of one receiver are told once', () => {
  const waiting = [transactionView(held()), transactionView(held())];
  const letters = [
    letter(1, 'http://a answered 403'),
    letter(2, 'http://b answered 500'),
    letter(3, 'http://a answered 403'),
  ];
  const needs = needsOf({ ...sources, waiting, waitingCount: 40, letters });
  const kinds = ['node', 'transaction', 'transaction', 'more-transactions', 'dead-letters', 'dead-letters', 'warning'];
  assert.deepEqual(
    needs.map(({ kind }) => kind),
    kinds,
  );
  assert.deepEqual(
    needs.flatMap((need) => (need.kind === 'dead-letters' ? [need.count] : [])),
    [2, 1],
  );
  assert.equal(countOf(needs), 1 + 40 + 3 + 1);
});

test('a node that gives a report is heard of, and a shut gate says by itself that nodes are missing', () => {
  assert.deepEqual(
    needsOf(sources).flatMap((need) => (need.kind === 'node' ? [need.address] : [])),
    ['192.0.2.2'],
  );
  const shut: PairView = { ...pair, gate: 'holding', reason: 'switchover' };
  assert.deepEqual(
    needsOf({ ...sources, pair: shut }).map(({ kind }) => kind),
    ['warning'],
  );
});
