/**
 * A program: runs seeds one after the other and tells each verdict to its parent. Started by `fleet.ts` with `hooks.ts`
 * loaded before it, so that no part of the product is loaded without its edges.
 */
import { runSeed } from './run.ts';
import { settings } from './settings.ts';

export interface SeedsOrder {
  readonly from: number;
  readonly count: number;
  /** Every so many. */
  readonly step: number;
  readonly isTold: boolean;
  /** Ends at the first seed that breaks a promise. */
  readonly untilBroken: boolean;
}

const order = JSON.parse(process.argv[2] ?? '') as SeedsOrder;
const config = settings();

for (let index = 0; index < order.count; index += 1) {
  const verdict = await runSeed(order.from + index * order.step, {
    config,
    isTold: order.isTold,
    untilBroken: order.untilBroken,
  });
  await new Promise((resolve) => process.send?.(verdict, resolve));
  if (order.untilBroken && verdict.violations.length > 0) break;
}
process.disconnect?.();
