/**
 * What an operator can do from the console: one line an act, what it is on, which statuses allow it, what it means, and
 * how it is carried out by the same parts as the ops API, under the same names in the audit.
 */
import { GatewayError } from '../domain/problem.ts';
import type { Ops } from '../ops/ops.ts';
import type { TransactionView } from '../ops/transaction-view.ts';
import type { Status } from './words.ts';

type ActName = 'replay' | 'cancel' | 'complete' | 'fail' | 'resend' | 'hold' | 'open' | 'drain';

export interface Act {
  readonly name: ActName;
  readonly on: 'transactions' | 'dead-letters' | 'gate';
  /** Of the button, and of the confirmation with what it is on. */
  readonly verb: string;
  readonly done: string;
  /** What will happen, in a sentence or two. */
  readonly means: string;
  /** Statuses that allow it. */
  readonly among: readonly Status[];
  /** Operation id of the ops API, for the audit. */
  readonly operation: string;
  readonly isGrave: boolean;
}

const found: readonly Status[] = ['accepted', 'unacknowledged', 'awaiting-operator'];

export const acts: readonly Act[] = [
  {
    name: 'replay',
    on: 'transactions',
    verb: 'Replay',
    done: 'ordered to be replayed',
    means:
      'Sent to ESC once more, whatever its policy says, in its lane’s order and once the gate is open; where ESC can be asked, it is asked first. If the first attempt took effect and cannot be seen, the effect may come twice.',
    among: ['unacknowledged', 'awaiting-operator'],
    operation: 'replayTransaction',
    isGrave: true,
  },
  {
    name: 'cancel',
    on: 'transactions',
    verb: 'Cancel',
    done: 'cancelled',
    means: 'Never sent: it ends as abandoned, and a client that waits for it is answered 503.',
    among: ['held'],
    operation: 'cancelTransaction',
    isGrave: true,
  },
  {
    name: 'complete',
    on: 'transactions',
    verb: 'Resolve as completed',
    done: 'resolved as completed',
    means:
      'Settled by what you found out: it took effect. A client that waits gets the operation’s first 2xx, and its completion is reported. Nothing is sent to ESC.',
    among: found,
    operation: 'resolveTransaction',
    isGrave: true,
  },
  {
    name: 'fail',
    on: 'transactions',
    verb: 'Resolve as failed',
    done: 'resolved as failed',
    means:
      'Settled by what you found out: it took no effect and is not wanted any more. A failure is reported to the client. Nothing is sent to ESC.',
    among: found,
    operation: 'resolveTransaction',
    isGrave: true,
  },
  {
    name: 'resend',
    on: 'dead-letters',
    verb: 'Send again',
    done: 'sent again',
    means: 'Tried at once, and with all of callbacks.deliverFor before it.',
    among: [],
    operation: 'resendDeadLetter',
    isGrave: false,
  },
  {
    name: 'hold',
    on: 'gate',
    verb: 'Hold',
    done: 'held',
    means:
      'New requests are journaled and wait, within hold.timeout, until somebody opens the gate. What is in flight goes on.',
    among: [],
    operation: 'setGate',
    isGrave: false,
  },
  {
    name: 'open',
    on: 'gate',
    verb: 'Open',
    done: 'given back to what is observed',
    means: 'The gate follows the pair again: it opens as soon as the pair is ready. It cannot be forced open.',
    among: [],
    operation: 'setGate',
    isGrave: false,
  },
  {
    name: 'drain',
    on: 'gate',
    verb: 'Drain',
    done: 'set to drain',
    means: 'New requests are refused with 503 until somebody opens the gate. What was accepted is finished.',
    among: [],
    operation: 'setGate',
    isGrave: true,
  },
];

/** @throws GatewayError `not-found`. */
export function actOf(name: string): Act {
  const act = acts.find((each) => each.name === name);
  if (act === undefined) throw new GatewayError('not-found', { detail: 'There is no such act.' });
  return act;
}

/** Those that its status allows now. */
export const actsOn = ({ status, replayOrderedAt }: TransactionView): Act[] =>
  acts.filter(({ name, among }) => among.includes(status) && !(name === 'replay' && replayOrderedAt !== null));

const gateModes = { hold: 'holding', open: 'open', drain: 'draining' } as const;

export interface Order {
  readonly act: Act;
  /** Of a transaction or a dead letter; null for the gate. */
  readonly id: string | null;
  readonly reason: string;
  readonly by: string;
}

/** Carries it out and notes it in the audit, refused ones too. Null: done. Otherwise why not. */
export async function carryOut(ops: Ops, order: Order): Promise<GatewayError | null> {
  const { act, id, reason, by } = order;
  const refusal = await perform(ops, order).then(
    () => null,
    (error: unknown) => {
      if (error instanceof GatewayError) return error;
      throw error;
    },
  );
  const status = refusal?.status ?? (act.on === 'gate' ? 200 : 202);
  ops.audit.add({ who: by, act: act.operation, target: id, asked: { ...askedOf(act.name), reason }, status });
  return refusal;
}

async function perform(ops: Ops, { act, id, reason, by }: Order): Promise<void> {
  const target = id ?? '';
  switch (act.name) {
    case 'replay':
      await ops.acts.replay(target, by);
      return;
    case 'cancel':
      await ops.acts.cancel(target, by);
      return;
    case 'complete':
    case 'fail':
      await ops.acts.resolve(target, { as: act.name === 'complete' ? 'completed' : 'failed', note: reason }, by);
      return;
    case 'resend':
      await ops.deadLetters.resend(target);
      return;
    case 'hold':
    case 'open':
    case 'drain':
      ops.coordinator.byHand(gateModes[act.name]);
      return;
  }
}

function askedOf(name: ActName): Readonly<Record<string, string>> {
  if (name === 'complete') return { as: 'completed' };
  if (name === 'fail') return { as: 'failed' };
  return name === 'hold' || name === 'open' || name === 'drain' ? { mode: gateModes[name] } : {};
}
