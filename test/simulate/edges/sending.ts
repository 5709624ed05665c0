/**
 * A client's request, as `test/chaos/sending.ts` makes it on sockets: to the next replica that listens, on a connection of
 * its own, with the client's patience. Who is frozen takes the connection and says nothing.
 */
import { createHash } from 'node:crypto';
import type { Order, Try } from '../../chaos/ledgers.ts';
import type { Calling } from '../../chaos/sending.ts';
import type { ClientAnswer, ClientRequest } from '../conversation.ts';
import type { Replica } from '../replica.ts';
import { theWorld } from './world.ts';

export type { Calling };

/** Never rejects. */
export async function tryOnce(order: Order, { authorization }: Calling, timeoutMs: number): Promise<Try> {
  const { clock, tell } = theWorld();
  const at = Math.floor(clock.now);
  const headers = {
    Authorization: authorization,
    'Content-Type': 'application/xml',
    Callback: `http://127.0.0.1:1/cb/${order.id}`,
    'Client-Transaction-Id': order.id,
    ...(order.key === null ? {} : { 'Idempotency-Key': `"${order.key}"` }),
    ...(order.prefer === null ? {} : { Prefer: order.prefer }),
  };
  tell('client', order.id, 'sends', order.method, order.path, order.key ?? 'without a key', order.prefer ?? '');
  const came = await ask({ method: order.method, path: order.path, headers, body: order.body }, timeoutMs);
  const made = { at, endedAt: Math.floor(clock.now), ...readingOf(came) };
  const { transaction = '', problem = '', sent = '' } = made;
  tell('client', order.id, 'has', made.came, made.status ?? '', transaction, problem, sent);
  return made;
}

/** The status that a replica tells of a transaction, null if none was to be had. */
export async function statusOf(transaction: string, _: Calling, timeoutMs: number): Promise<string | null> {
  const { clock, lines } = theWorld();
  const replica = next();
  if (replica === null) return null;
  return new Promise((resolve) => {
    clock.after(timeoutMs, null, () => resolve(null));
    clock.after(lines.delayMs(), replica.owner, () => {
      replica.statusOf(transaction).then(
        (status) => clock.after(lines.delayMs(), null, () => resolve(status)),
        () => undefined,
      );
    });
  });
}

function next(): Replica | null {
  const { random, replicas } = theWorld();
  const [first, ...others] = replicas.filter(({ isListening }) => isListening);
  return first === undefined ? null : random.pick([first, ...others]);
}

function readingOf(came: ClientAnswer | 'none' | 'refused'): Omit<Try, 'at' | 'endedAt'> {
  if (typeof came === 'string') return { came };
  const { status, headers, body } = came;
  const isProblem = headers['content-type'] === 'application/problem+json';
  const problem = isProblem ? (JSON.parse(body) as Record<string, string>) : {};
  const transaction = headers['northgate-transaction'] ?? problem.transaction;
  const escTransaction = headers['esc-transaction-id'];
  return {
    came: 'answer',
    status,
    body: createHash('sha256').update(body).digest('hex').slice(0, 12),
    ...(transaction === undefined ? {} : { transaction }),
    ...(escTransaction === undefined ? {} : { escTransaction }),
    ...(isProblem ? { problem: String(problem.type).split(':').at(-1) ?? '', sent: String(problem.sent) } : {}),
  };
}

/** A request of any client. `none`: it left, or the connection broke. */
export function ask(asked: ClientRequest, timeoutMs: number): Promise<ClientAnswer | 'none' | 'refused'> {
  const { clock, lines } = theWorld();
  const replica = next();
  if (replica === null) return clock.pause(lines.delayMs()).then(() => 'refused');
  return new Promise((resolve) => {
    const leave = replica.ask(asked, (answer) => resolve(answer));
    clock.after(timeoutMs, null, () => {
      leave();
      resolve('none');
    });
  });
}
