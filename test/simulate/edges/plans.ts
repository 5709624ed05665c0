/** What clients want, as in chaos; here some are so hasty that they want a parent and its children at once (R9). */
import type { Order } from '../../chaos/ledgers.ts';
import { planOf as plan } from '../../chaos/plans.ts';
import type { Random } from '../../chaos/random.ts';

export type { Plan } from '../../chaos/plans.ts';

const hastyShare = 0.2;

export function planOf(...given: Parameters<typeof plan>): ReturnType<typeof plan> {
  const [, random] = given;
  return joined(plan(...given), random);
}

/** Some steps are taken together with the one after them; those that want a thing twice stay what they are. */
function joined(steps: ReturnType<typeof plan>, random: Random): Order[][] {
  const all: Order[][] = [];
  for (const step of steps) {
    const last = all.at(-1);
    if (last?.length === 1 && step.length === 1 && random.isLucky(hastyShare)) last.push(...step);
    else all.push([...step]);
  }
  return all;
}
