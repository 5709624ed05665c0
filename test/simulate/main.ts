/**
 * A program: `npm run simulate -- --seeds N --from SEED`. Exit code 0: every promise was kept; 1: one was broken, and its
 * seed and story are told; 2: wrong usage. `--story` tells all of each seed, `--steps` one line a seed.
 */
import { parseArgs } from 'node:util';
import { runFleet } from './fleet.ts';
import { mutationNamed } from './mutations.ts';

const usage =
  'usage: npm run simulate -- [--seeds N] [--from SEED] [--processes N] [--steps] [--story] [--mutation NAME]';

interface Given {
  readonly seeds: number;
  readonly from: number;
  readonly processes: number;
  readonly steps: boolean;
  readonly story: boolean;
  readonly mutation: string | undefined;
}

function given(): Given | string {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '100' },
        from: { type: 'string', default: '1' },
        processes: { type: 'string', default: '2' },
        steps: { type: 'boolean', default: false },
        story: { type: 'boolean', default: false },
        mutation: { type: 'string' },
      },
    });
    const [seeds, from, processes] = [values.seeds, values.from, values.processes].map(Number);
    if (!isCount(seeds)) return `--seeds ${values.seeds} is no whole number above 0`;
    if (!isCount(processes)) return `--processes ${values.processes} is no whole number above 0`;
    if (from === undefined || !Number.isSafeInteger(from) || from < 0)
      return `--from ${values.from} is no whole number`;
    if (values.mutation !== undefined) mutationNamed(values.mutation);
    return { seeds, from, processes, steps: values.steps, story: values.story, mutation: values.mutation };
  } catch (error) {
    return (error as Error).message;
  }
}

const isCount = (value: number | undefined): value is number => Number.isSafeInteger(value) && Number(value) > 0;

async function main({ seeds, from, processes, steps, story, mutation }: Given): Promise<void> {
  const beganAt = performance.now();
  const sum = { seeds: 0, switchovers: 0, transactions: 0, broken: [] as number[] };
  const order = { from, count: seeds, processes, isTold: story, ...(mutation === undefined ? {} : { mutation }) };
  await runFleet(order, (verdict) => {
    sum.seeds += 1;
    sum.switchovers += verdict.switchovers;
    sum.transactions += verdict.transactions;
    if (story) console.log(verdict.story.join('\n'));
    for (const violation of verdict.violations) console.log(`seed ${verdict.seed}: ${violation}`);
    if (verdict.violations.length > 0) sum.broken.push(verdict.seed);
    if (steps || story) {
      const { seed, steps: count, virtualMs, transactions, switchovers, digest } = verdict;
      const shown = story ? `, ${digest.slice(0, 12)}` : '';
      console.log(
        `seed ${seed}: ${count} steps, ${virtualMs} ms, ${transactions} transactions, ${switchovers} switchovers${shown}`,
      );
    }
  });
  const seconds = (performance.now() - beganAt) / 1000;
  console.log(
    `simulate: ${sum.seeds} seeds from ${from}, ${sum.switchovers} switchovers, ${sum.transactions} transactions, ` +
      `${seconds.toFixed(1)} s; ${sum.broken.length === 0 ? 'every promise kept' : `broken by seeds ${sum.broken.join(' ')}`}`,
  );
  process.exitCode = sum.broken.length === 0 ? 0 : 1;
}

const found = given();
if (typeof found === 'string') {
  console.error(`${found}\n${usage}`);
  process.exitCode = 2;
} else {
  await main(found);
}
