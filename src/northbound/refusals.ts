/**
 * What a client is told when the gateway does not take its request, or gives it up unsent: nothing of it reached ESC.
 * When to send it again is `Comeback.seconds` of the same code.
 */
import { GatewayError } from '../domain/problem.ts';
import type { Transaction } from '../domain/transaction.ts';

export const draining = (retryAfterSeconds: number): GatewayError =>
  new GatewayError('draining', {
    detail: 'The gateway takes no new requests; send it again, here or to another one.',
    sent: 'no',
    retryAfterSeconds,
    // Its next connection may come to a gateway that takes them.
    headers: { Connection: 'close' },
  });

export const holdFull = (retryAfterSeconds: number): GatewayError =>
  new GatewayError('hold-full', {
    detail:
      'ESC is away or slow, and as many requests are held as may be; nothing of this one was kept or sent. Send it again later.',
    sent: 'no',
    retryAfterSeconds,
  });

export const journalUnavailable = (retryAfterSeconds: number): GatewayError =>
  new GatewayError('journal-unavailable', {
    detail: 'The request could not be recorded, so it was not sent. Send it again.',
    sent: 'no',
    retryAfterSeconds,
  });

/** Its record may have come to be unseen. This replica undoes it; if that one dies first, another one may send it. */
export const unconfirmed = (retryAfterSeconds: number): GatewayError =>
  new GatewayError('journal-unavailable', {
    detail:
      'The journal did not confirm the request, so it was not sent from here. Send it again, with its Idempotency-Key.',
    sent: 'maybe',
    retryAfterSeconds,
  });

/** Nobody can say whether it is carried out or was given up. */
export const unsaid = ({ id }: Transaction, retryAfterSeconds: number): GatewayError =>
  new GatewayError('journal-unavailable', {
    detail:
      'The journal does not say what becomes of the request, so nothing is promised. Send it again, with its Idempotency-Key, or ask for the transaction.',
    sent: 'maybe',
    transaction: id,
    retryAfterSeconds,
  });

export const holdExpired = (transaction: Transaction, retryAfterSeconds: number): GatewayError =>
  new GatewayError('hold-expired', {
    detail: `${whyGivenUp(transaction)} It was never sent and never will be; send it again.`,
    sent: 'no',
    transaction: transaction.id,
    retryAfterSeconds,
  });

/** By its record, where that says so already: an operator may have cancelled it, or another client's end. */
const whyGivenUp = ({ state }: Transaction): string =>
  state.status === 'abandoned' && !state.reason.startsWith('hold.timeout')
    ? `The request was given up: ${state.reason}.`
    : 'ESC did not come back in the time that a request is held.';

export const keyReused = (holder: Transaction): GatewayError =>
  new GatewayError('key-reused', {
    detail: `This Idempotency-Key belongs to another request of yours, ${holder.method} ${holder.path}, with another target or body. Send a new key with a new transaction.`,
    sent: 'no',
    transaction: holder.id,
  });
