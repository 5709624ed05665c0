/**
 * Ends an epoch in the journal by compare-and-set, and asks until the journal says which epoch it is: until then nothing
 * can be sent anyway. Invariant: the epoch that it gives is later than the one that was to end (R5, R34).
 */
import type { Logger } from 'pino';
import { backoffMs } from '../domain/retry.ts';
import type { Journal, SwitchoverRecord } from '../journal/journal.ts';

export interface EpochBump {
  readonly journal: Pick<Journal, 'bumpEpoch' | 'raiseEpoch'>;
  readonly log: Logger;
  /** That is to end. */
  readonly epoch: number;
  /** Kept with it; null keeps none. */
  readonly record: SwitchoverRecord | null;
  readonly isClosed: () => boolean;
}

/** `bumped`: by this call; `stale`: by somebody else. Null: the gateway is closed. */
export async function endEpochSurely(bump: EpochBump): Promise<{ word: 'bumped' | 'stale'; epoch: number } | null> {
  const { epoch, log, isClosed } = bump;
  for (let failures = 1; !isClosed(); failures += 1) {
    const bumped = await bumpOnce(bump);
    if (bumped.word !== 'unavailable' && bumped.epoch > epoch) return bumped;
    const cause = bumped.word === 'unavailable' ? bumped.cause : new Error(`its epoch is only ${bumped.epoch}`);
    log.error({ err: cause }, 'the journal does not take the new epoch; trying again');
    await new Promise((resolve) => setTimeout(resolve, backoffMs(failures, Math.random())));
  }
  return null;
}

async function bumpOnce({ journal, epoch, record }: EpochBump): ReturnType<Journal['bumpEpoch']> {
  const bumped = await journal.bumpEpoch(epoch, record);
  if (bumped.word !== 'stale' || bumped.epoch >= epoch) return bumped;
  // A journal that came back older than what was known: its epoch must pass ours (R34).
  const raised = await journal.raiseEpoch(epoch);
  return raised.word === 'unavailable' ? raised : journal.bumpEpoch(epoch, record);
}
