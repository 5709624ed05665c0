/**
 * Clients beside the orchestrators: those that only read, all the while, what others made, as it is or whether it is there
 * yet; and somebody who takes a key for something else. Who reads waits for an answer
 * in a time of its own, leaves without one if it has none by then, and asks again.
 */
import type { Order } from '../chaos/ledgers.ts';
import type { Random } from '../chaos/random.ts';
import type { ClientAnswer } from './conversation.ts';
import { ask } from './edges/sending.ts';
import { pickOf } from './operators.ts';
import type { World } from './world.ts';

const patiencesMs = [60, 400, 2_000, 12_000] as const;
const pauseMaxMs = 600;

/** Of the client whose order it is. */
export const authorizationOf = (order: string): string =>
  `Basic ${Buffer.from(`${order.split('-')[0]}:secret`).toString('base64')}`;

/** Resolves when it is stopped and its last question has ended. */
export async function read(world: World, random: Random, isStopped: () => boolean): Promise<void> {
  const { clock, orders, tell } = world;
  const headers = { Authorization: 'Basic cmVhZGVyOnNlY3JldA==', Accept: 'application/xml' };
  while (!isStopped()) {
    await clock.pause(random.between(0, pauseMaxMs));
    const [first, ...others] = orders.filter(({ kind }) => kind === 'create').slice(-6);
    if (first === undefined) continue;
    const { path } = random.pick([first, ...others]);
    const isThere = stands(world, path);
    const came = await ask({ method: 'GET', path, headers, body: undefined }, random.pick(patiencesMs));
    tell('reader of', path, typeof came === 'string' ? came : came.status);
    // Nobody wanted anything else of it before, nor has since.
    if (isThere && stands(world, path) && isAbsent(came)) world.complain('what was completed is read as absent', path);
  }
}

/** Somebody of the same name who takes a key for something else: told so, and nothing of it is ever begun (422). */
export async function misuse(world: World, random: Random): Promise<void> {
  const { orders, server, tell, complain } = world;
  const taken = [...server.records.values()].filter(({ state, idempotencyKey }) => {
    return idempotencyKey !== null && state.status !== 'abandoned' && state.status !== 'held';
  });
  const record = pickOf(random, taken);
  const order = orders.find(({ tries }) => tries.some(({ transaction }) => transaction === record?.id));
  if (record === null || order === undefined) return;
  const headers = {
    Authorization: authorizationOf(order.id),
    'Content-Type': 'application/xml',
    'Idempotency-Key': `"${record.idempotencyKey}"`,
    'Client-Transaction-Id': order.id,
  };
  const asked = { method: record.method, path: record.path, headers, body: '<other/>' };
  const came = await ask(asked, random.pick(patiencesMs));
  tell('misuse of', record.idempotencyKey, typeof came === 'string' ? came : came.status);
  if (typeof came === 'string' || came.status === 422 || came.status === 503) return;
  complain('a key was taken for something else', `${came.status}`, record.id);
}

/** ESC's own word, and not that of a container in its place. */
const isAbsent = (came: ClientAnswer | 'none' | 'refused'): boolean =>
  typeof came !== 'string' && came.status === 404 && came.headers['content-type'] === 'application/xml';

/** Its creation was completed, as its client heard, and nothing else was ever wanted of it. */
function stands({ orders, heard }: World, path: string): boolean {
  const [order, ...others] = orders.filter((each: Order) => each.path === path);
  if (order === undefined || others.length > 0) return false;
  return heard.some(({ order: of, event, status }) => of === order.id && event === order.ends && status === '200');
}
