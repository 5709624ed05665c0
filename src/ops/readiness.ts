/**
 * Whether this gateway should get requests. A switchover does not make it unready: holding requests is what it is for.
 * Unready are: draining, a journal that does not answer, and a gate that never opened since the start.
 */
import type { Journal } from '../journal/journal.ts';
import type { Coordinator } from '../pair/coordinator.ts';

const journalAnswerMaxMs = 2000;

/** Null: ready. Otherwise a sentence that says why not. */
export async function unreadiness(coordinator: Coordinator, journal: Journal): Promise<string | null> {
  if (coordinator.gate().mode === 'draining') return 'the gateway is draining';
  if (!coordinator.state.wasReady) return 'the ESC pair has not been seen ready since the gateway started';
  const isAnswering = await answersInTime(journal.epoch(), journalAnswerMaxMs);
  return isAnswering ? null : 'the journal does not answer';
}

async function answersInTime(call: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), deadlineMs);
  const answered = call.then(
    () => true,
    () => false,
  );
  const isAnswering = await Promise.race([answered, late.promise]);
  clearTimeout(timer);
  return isAnswering;
}
