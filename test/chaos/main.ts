/**
 * A program: `npm run chaos -- --minutes N --seed S`. Exit code 0: the ledgers agree; 1: they do not, and each violation
 * is told; 2: wrong usage.
 */
import { parseArgs } from 'node:util';
import { run } from './run.ts';

const usage = 'usage: npm run chaos -- [--minutes N] [--seed S] [--clients N] [--keep DIRECTORY]';

interface Given {
  readonly minutes: number;
  readonly seed: number;
  readonly clients: number;
  readonly keep: string | undefined;
}

function given(): Given | string {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string' },
        seed: { type: 'string' },
        clients: { type: 'string' },
        keep: { type: 'string' },
      },
    });
    const minutes = Number(values.minutes ?? 2);
    const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
    const clients = Number(values.clients ?? 16);
    if (!(minutes > 0)) return `--minutes ${values.minutes} is no number above 0`;
    if (!Number.isSafeInteger(seed) || seed < 0) return `--seed ${values.seed} is no whole number`;
    if (!Number.isSafeInteger(clients) || clients < 1) return `--clients ${values.clients} is no number above 0`;
    return { minutes, seed, clients, keep: values.keep };
  } catch (error) {
    return (error as Error).message;
  }
}

const found = given();
if (typeof found === 'string') {
  console.error(`${found}\n${usage}`);
  process.exitCode = 2;
} else {
  const { minutes, seed, clients, keep } = found;
  const verdict = await run({ seed, forMs: minutes * 60_000, clients, directory: keep, print: console.log });
  const { complaints, transactions, orders, troubles } = verdict;
  for (const complaint of complaints) console.log(complaint);
  console.log(
    `chaos: seed ${seed}: ${orders} orders, ${transactions} transactions, ${troubles} troubles, ${complaints.length} violations`,
  );
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
