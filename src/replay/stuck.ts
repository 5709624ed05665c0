/** How long something may be under way without a sign of movement before it is read as broken (R14). Pure. */
import type { Policy } from '../domain/transaction.ts';

const stuckAfterMinMs = 60_000;
/** What `completeWithin` of a deployment adds to its `bootup_time` (R3); taken off it again here. */
const withinMarginMs = 600_000;

/** Milliseconds; `configured` is `replay.stuckAfter`, null where it is unset. */
export const stuckAfterOf = (
  { completeWithinMs }: Pick<Policy, 'completeWithinMs'>,
  configured: number | null,
): number => configured ?? Math.max(stuckAfterMinMs, completeWithinMs - withinMarginMs);
