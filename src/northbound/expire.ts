/**
 * A client's time ran out (R24). Never sent and nobody else waits: abandoned, 503. Otherwise the gateway goes on, and
 * says what it knows: the recorded answer, or 202 with the place to ask.
 */
import type { ServerResponse } from 'node:http';
import { promised } from '../domain/moves.ts';
import { isSettled, type Transaction } from '../domain/transaction.ts';
import { unpackAnswer } from '../journal/message.ts';
import { now } from '../pair/clock.ts';
import { type AbandonOptions, abandonUnsent } from './abandon.ts';
import { type Authorities, giveAnswer, givePromise } from './answer.ts';
import { within } from './patience.ts';
import { holdExpired } from './refusals.ts';

export interface ExpireOptions extends AbandonOptions {
  /** The process ends: what is held is left to the next one, so its client is promised instead. */
  readonly isEnding: () => boolean;
}

/** Clients are asked to come back after this; the status resource is cheap. */
const retryAfterSeconds = 10;

/** @throws GatewayError `hold-expired`. */
export async function expire(
  options: ExpireOptions,
  transaction: Transaction,
  response: ServerResponse,
  authorities: Authorities,
): Promise<void> {
  const { records, lanes, isEnding } = options;
  if (!isEnding() && (await abandonUnsent(options, transaction, 'hold.timeout ran out')))
    throw holdExpired(transaction);
  lanes.keep(transaction.id);
  const changed = await within(
    records.changeSurely(transaction, (current) =>
      current.promisedAt === null && !isSettled(current.state.status)
        ? { transaction: promised(current, now()) }
        : null,
    ),
  );
  const current = changed !== null && 'transaction' in changed ? changed.transaction : transaction;
  if (current.state.status === 'abandoned') throw holdExpired(current);
  const bytes = current.answer?.from === 'esc' ? await records.readBody(current.id, 'response') : null;
  if (bytes !== null) giveAnswer(response, current, unpackAnswer(bytes), authorities);
  else if (current.answer?.from === 'made-up') {
    giveAnswer(response, current, { status: current.answer.status, headers: [], body: new Uint8Array() }, authorities);
  } else givePromise(response, current, retryAfterSeconds);
}
