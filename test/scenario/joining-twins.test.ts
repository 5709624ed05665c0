/** Which request equals which (R26, R27): what takes part in a twin and in a key, and what does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packAnswer, packRequest } from '../../src/journal/message.ts';
import { startWorld, tenantXml } from '../support/world.ts';
import { type Asked, type JoiningPlace, startPlace } from './joining-place.ts';

const base = '/ESCManager/v0/tenants/twin';
const basic = (name: string): string => `Basic ${Buffer.from(`${name}:pw`).toString('base64')}`;
const named = { 'client-transaction-id': 'ours-1', authorization: basic('ann') };

interface Row {
  readonly name: string;
  /** What is different from the first; undefined takes a field away. */
  readonly other?: Partial<Asked>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Without a key, and with the key of the first. */
  readonly twin: 'joins' | 'is new';
  readonly keyed: 'joins' | 'is new' | 'is refused';
}

const rows: readonly Row[] = [
  { name: 'equal in everything', twin: 'joins', keyed: 'joins' },
  {
    name: 'of another Client-Transaction-Id',
    headers: { 'client-transaction-id': 'ours-2' },
    twin: 'is new',
    keyed: 'joins',
  },
  {
    name: 'without its Client-Transaction-Id',
    headers: { 'client-transaction-id': undefined },
    twin: 'is new',
    keyed: 'joins',
  },
  { name: 'of another content type', headers: { 'content-type': 'text/xml' }, twin: 'is new', keyed: 'joins' },
  { name: 'of another client', headers: { authorization: basic('bob') }, twin: 'is new', keyed: 'is new' },
  { name: 'of a client without credentials', headers: { authorization: undefined }, twin: 'is new', keyed: 'is new' },
  {
    name: 'with other fields',
    headers: { 'user-agent': 'x/2', accept: 'a/b', traceparent: '00-1' },
    twin: 'joins',
    keyed: 'joins',
  },
  { name: 'with a Callback', headers: { callback: 'http://192.0.2.1/cb' }, twin: 'joins', keyed: 'joins' },
  { name: 'with a preference', headers: { prefer: 'wait=600' }, twin: 'joins', keyed: 'joins' },
  { name: 'of another query', other: { path: `${base}?x=1` }, twin: 'is new', keyed: 'is refused' },
  {
    name: 'of another spelling of the path',
    other: { path: '/ESCManager/v0/tenants/t%77in' },
    twin: 'is new',
    keyed: 'is refused',
  },
  { name: 'of another method', other: { method: 'DELETE' }, twin: 'is new', keyed: 'is refused' },
  { name: 'of one byte more', other: { body: `${tenantXml('twin')} ` }, twin: 'is new', keyed: 'is refused' },
];

function without(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) kept[name] = value;
  return kept;
}

async function wordOf(
  place: JoiningPlace,
  { other = {}, headers = {} }: Row,
  key: Record<string, string>,
): Promise<string> {
  const first: Asked = { path: base, body: tenantXml('twin'), headers: { ...named, ...key } };
  const before = place.created.length;
  const sent = [place.send(first)];
  await place.recognised(base, place.created.filter(({ path }) => path === base).length + 1);
  const copy = { ...first, ...other, headers: without({ ...named, ...key, ...headers }) };
  sent.push(place.send(copy));
  await place.recognised(copy.path, place.created.filter(({ path }) => path === copy.path).length + 1);
  const created = place.created.slice(before);
  const isRefused = created[1]?.word === 'key-taken' && (other.path ?? other.method ?? other.body) !== undefined;
  if (isRefused) assert.equal((await sent[1]?.told)?.status, 422);
  for (const transaction of await place.gateway.journal.list({ status: 'held', limit: 9 }))
    await place.cancel(transaction);
  for (const { told } of sent) await told;
  assert.equal(created.length, 2);
  if (isRefused) return 'is refused';
  if (created[1]?.word === 'key-taken') assert.equal(created[1].id, created[0]?.id);
  return created[1]?.word === 'key-taken' ? 'joins' : 'is new';
}

test('R26 and R27 what makes a request the same as one that is held', async (t) => {
  await using place = await startPlace();
  await place.shut();
  for (const [index, row] of rows.entries()) {
    await t.test(`without a key, one ${row.name} ${row.twin}`, async () =>
      assert.equal(await wordOf(place, row, {}), row.twin),
    );
    const key = { 'idempotency-key': `"k-${index}"` };
    await t.test(`with its key, one ${row.name} ${row.keyed}`, async () =>
      assert.equal(await wordOf(place, row, key), row.keyed),
    );
  }
});

test('R26 a twin joins the newest transaction of its lane only: another one in between makes it new', async () => {
  await using place = await startPlace();
  await place.shut();
  const create = { path: base, body: tenantXml('twin') };
  for (const [count, asked] of [create, { path: base, method: 'DELETE' as const }, create, create].entries()) {
    place.send(asked);
    await place.recognised(base, count + 1);
  }
  assert.deepEqual(
    place.created.map(({ word }) => word),
    ['created', 'created', 'created', 'key-taken'],
  );
  assert.equal(place.created[3]?.id, place.created[2]?.id, 'it joins the newer one');
});

const hourMs = 60 * 60 * 1000;

for (const { age, minutes, isJoined } of [
  { age: 'some minutes', minutes: 10, isJoined: true },
  { age: 'an hour and more', minutes: 61, isJoined: false },
]) {
  test(`R26 a twin whose answer nobody received and that settled ${age} ago ${isJoined ? 'joins' : 'does not join'}`, async () => {
    await using world = await startWorld();
    await world.createTenant('repeated');
    const { journal } = world.gateway;
    const [record] = await journal.list({ limit: 1 });
    assert.ok(record);
    // The same once more, whose client left before it was answered.
    const twin = {
      ...record,
      id: `${record.id}-left`,
      answer: { status: 200, bodyBytes: 2, at: 1, from: 'esc' as const },
    };
    const made = await journal.create({
      transaction: { ...twin, state: { status: 'held', since: 1, reason: 'gate' } },
      request: packRequest({ headers: [], body: Buffer.from('') }),
    });
    assert.equal(made.word, 'created');
    const settledAt = Date.now() - (minutes / 60) * hourMs;
    await journal.replace({
      transaction: { ...twin, version: 1, state: { status: 'completed', settledAt, reason: 'answered' } },
      bodies: { response: packAnswer({ status: 200, headers: [], body: Buffer.from('ok') }) },
    });

    const told = await world.createTenant('repeated');
    assert.equal(told.headers['northgate-transaction'] === twin.id, isJoined);
    assert.equal(told.headers['idempotent-replayed'], isJoined ? 'true' : undefined);
    assert.equal((await journal.list({ limit: 10 })).length, isJoined ? 2 : 3);
  });
}
