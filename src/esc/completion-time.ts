/**
 * `completeWithin`: how long ESC may take from accepting to completing before the gateway stops waiting for a report and looks (R3).
 * Invariant: always a finite number of milliseconds between `completeWithinDefaultMs` and `completeWithinMaxMs` where it is
 * computed; too long only delays a look, too short makes a live deployment "too old to be sent again".
 */
import type { DeploymentRequest } from './bodies.ts';

export const completeWithinDefaultMs = 10 * 60_000;
const completeWithinMaxMs = 7 * 86_400_000;
/** Without `bootup_time` in the body: the upper end of typical samples [recalled], esc.md section 8. */
const bootupTimeDefaultMs = 1_800_000;
/** Without `max_retries`: the default policy, REBOOT_THEN_REDEPLOY, boots a VM twice more (esc.md section 3) [inferred]. */
const recoveriesDefault = 2;
const recoveriesMax = 20;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration as the contract writes it (`500ms`, `10s`, `5m`, `7d`), null if it is none. */
export function durationMs(text: string): number | null {
  const parts = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  const unit = units[parts?.[2] ?? ''];
  return parts === null || unit === undefined ? null : Number(parts[1]) * unit;
}

/** `bootup_time` × (1 + recoveries) + 10 min (R3). */
export function deploymentWithinMs(request: Pick<DeploymentRequest, 'bootupTimeMs' | 'recoveries'>): number {
  const bootupTimeMs = request.bootupTimeMs ?? bootupTimeDefaultMs;
  const recoveries = Math.min(Math.ceil(request.recoveries ?? recoveriesDefault), recoveriesMax);
  return Math.min(bootupTimeMs * (1 + recoveries) + completeWithinDefaultMs, completeWithinMaxMs);
}
