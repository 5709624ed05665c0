/**
 * Whether the journal was taken at its word on the server that it is on now (R34). Who starts while others write back what
 * the server lacks knows nothing of the change but what stands here.
 */
import { run } from './scripts.ts';
import type { Store } from './store.ts';

/** A journal that nobody has used yet lacks nothing. @throws what Redis or ioredis says. */
export async function isTrusted({ redis, server, keys }: Store): Promise<boolean> {
  const { runId } = server;
  if (runId === null) return true;
  const [trusted, epoch] = await redis.hmget(keys.journal, 'trusted', 'epoch');
  if (trusted) return trusted === runId;
  // One that was emptied has its epoch back first.
  if (epoch) return false;
  await run(redis, 'trust', [keys.journal], [runId]);
  return true;
}
