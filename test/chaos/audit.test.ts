// The verdict of the chaos run can fail: ledgers that agree, and each way in which they may not.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { audit } from './audit.ts';
import type { JournalEntry, Ledgers, Order, Try } from './ledgers.ts';
import { storyOf } from './story.ts';

const path = '/ESCManager/v0/tenants/shop';

const answered: Try = {
  at: 10,
  endedAt: 20,
  came: 'answer',
  status: 200,
  transaction: 't1',
  escTransaction: 'e1',
  body: 'b',
};

const order: Order = {
  id: 'o1',
  key: 'k1',
  kind: 'create',
  method: 'POST',
  path,
  body: '<tenant/>',
  prefer: null,
  ends: 'CREATE_TENANT',
  tries: [answered],
  asked: [],
};

const entry: JournalEntry = {
  id: 't1',
  status: 'completed',
  method: 'POST',
  path,
  lane: 'tenants/shop',
  idempotencyKey: 'k1',
  receivedAt: '',
  settledAt: '',
  reason: 'ESC reported CREATE_TENANT: success',
  responseStatus: 200,
  escTransactionId: 'e1',
  owner: 'replica 1',
  attempts: [{ number: 1, kind: 'send', outcome: 'answered', callbacks: [{ id: 't1-1', delivery: 'delivered' }] }],
};

const requestOf = (transaction: string, as: string, said: object = {}): Ledgers['pair']['requests'][number] => ({
  at: 12,
  node: '127.0.0.11',
  method: 'POST',
  path,
  headers: { callback: `http://127.0.0.1/northgate/v1/callbacks/${as}.c.proof`, 'client-transaction-id': 'o1' },
  body: '<tenant/>',
  transaction,
  status: 200,
  ...said,
});

const effect: Ledgers['pair']['effects'][number] = {
  at: 13,
  node: '127.0.0.11',
  kind: 'created',
  resourceType: 'tenant',
  id: 'shop',
  transaction: 'e1',
};

const heard: Ledgers['clients']['heard'][number] = {
  at: 30,
  order: 'o1',
  delivery: 't1-1',
  event: 'CREATE_TENANT',
  status: '200',
  escTransaction: 'e1',
};

const agreed: Ledgers = {
  clients: { orders: [order], heard: [heard] },
  journal: [entry],
  pair: { requests: [requestOf('e1', 't1.1')], effects: [effect], standing: ['tenant shop'] },
  disturbances: [],
};

const told = (...tries: Partial<Try>[]): Ledgers => ({
  ...agreed,
  clients: { ...agreed.clients, orders: [{ ...order, tries: tries.map((each) => ({ ...answered, ...each })) }] },
});
const journaled = (...entries: Partial<JournalEntry>[]): Ledgers => ({
  ...agreed,
  journal: entries.map((each) => ({ ...entry, ...each })),
});
const atPair = (said: Partial<Ledgers['pair']>): Ledgers => ({ ...agreed, pair: { ...agreed.pair, ...said } });
const hearing = (...said: Partial<typeof heard>[]): Ledgers => ({
  ...agreed,
  clients: { ...agreed.clients, heard: said.map((each) => ({ ...heard, ...each })) },
});

const refused: Partial<Try> = { status: 503, problem: 'journal-unavailable', sent: 'no' };

/** Each breaks what the rule says, and perhaps more. */
const broken: readonly (readonly [rule: string, ledgers: Ledgers])[] = [
  ['told, and not in the journal', journaled()],
  ['at ESC, and not in the journal', atPair({ requests: [requestOf('e1', 't9.1')] })],
  ['not settled with a reason', journaled({ status: 'accepted' })],
  ['not settled with a reason', journaled({ reason: null })],
  ['the journal tells another story', atPair({ requests: [requestOf('e1', 't1.2')] })],
  ['the journal tells another story', journaled({ path: `${path}2` })],
  ['doubled on the VIM', atPair({ effects: [effect, { ...effect, transaction: 'e2' }] })],
  ['one attempt executed more than once', atPair({ requests: [requestOf('e1', 't1.1'), requestOf('e2', 't1.1')] })],
  [
    'what may not be repeated was repeated',
    atPair({
      requests: ['e1', 'e2'].map((id) => requestOf(id, 't1.1', { body: '<operation>REBOOT</operation>' })),
      effects: ['e1', 'e2'].map((transaction) => ({ ...effect, kind: 'rebooted', transaction })),
    }),
  ],
  ['one key, several transactions', journaled({}, { id: 't2' })],
  [
    'out of order',
    {
      ...journaled({}, { id: 't2', idempotencyKey: 'k2' }),
      pair: { ...agreed.pair, requests: [requestOf('e2', 't2.1'), requestOf('e1', 't1.1')] },
    },
  ],
  ['done in the journal, not on the VIM', atPair({ standing: [] })],
  ['told other than recorded', told({ status: 201 })],
  ['two different answers', told({}, { body: 'other' })],
  ['two different answers for one key', told({}, { transaction: 't2', body: 'other' })],
  ['one transaction under two ids', told({ escTransaction: 'e2' })],
  ['told failed', told({ status: 409 })],
  ['failed, and done', journaled({ status: 'failed' })],
  ['completed, and not done', atPair({ effects: [] })],
  ['abandoned, and sent', journaled({ status: 'abandoned' })],
  ['promised, and abandoned', { ...told({ status: 202 }), journal: [{ ...entry, status: 'abandoned' }] }],
  ['told that it expired', told({ ...refused, problem: 'hold-expired' })],
  [
    'its status was told otherwise',
    {
      ...agreed,
      clients: { ...agreed.clients, orders: [{ ...order, asked: [{ transaction: 't1', status: 'failed' }] }] },
    },
  ],
  ['an error of something that may be done', told({ ...refused, problem: 'hold-full', sent: 'maybe' })],
  ['told that it was not sent, and sent', told(refused)],
  ['completed twice for the client', hearing({}, { delivery: 't1-2' })],
  ['no completion', hearing()],
  ['a completion that says otherwise', hearing({ status: '500' })],
  ['completed twice for the client', hearing({}, { delivery: 't1-2', event: '' })],
  ['delivered, and not heard', hearing()],
  ['heard twice without a reason', hearing({}, {})],
  ['reports out of order', hearing({ delivery: 't1-2', event: 'VM_ALIVE' }, {})],
  [
    'a report was given up',
    journaled({ attempts: [{ number: 1, kind: 'send', callbacks: [{ id: 't1-1', delivery: 'dead' }] }] }),
  ],
];

suite('the verdict of the chaos run', () => {
  test('finds nothing in ledgers that agree', () => {
    assert.deepEqual(audit(agreed), []);
  });

  for (const [rule, ledgers] of broken) {
    test(`finds and tells: ${rule}`, () => {
      const found = audit(ledgers);
      assert.ok(
        found.some((each) => each.rule === rule),
        JSON.stringify(found),
      );
      for (const each of found) assert.match(storyOf(each, ledgers), /^VIOLATION: /);
    });
  }

  test('takes a completion that was made up without an event', () => {
    assert.deepEqual(audit(hearing({ event: '' })), []);
  });

  test('takes a report that was heard twice around a kill', () => {
    const around = {
      ...hearing({}, { at: 40 }),
      disturbances: [{ from: 25, to: 35, what: 'a kill', mayRepeat: true }],
    };
    assert.deepEqual(audit(around), []);
  });

  test('gives what ESC refused no place in the order', () => {
    const refusedLater = {
      ...journaled(
        {},
        { id: 't2', idempotencyKey: 'k2', status: 'failed', responseStatus: 409, attempts: [...entry.attempts] },
      ),
      pair: { ...agreed.pair, requests: [requestOf('e2', 't2.1', { status: 409 }), requestOf('e1', 't1.1')] },
    };
    assert.ok(!audit(refusedLater).some(({ rule }) => rule === 'out of order'));
  });
});
