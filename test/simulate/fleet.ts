/**
 * Runs seeds in processes of their own, two at once by default, and gives each verdict as it comes. A process that ends
 * without having run its seeds is a failure of the instrument, not of the product, and is told as such.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Verdict } from './run.ts';
import type { SeedsOrder } from './seeds.ts';

export interface FleetOrder {
  readonly from: number;
  readonly count: number;
  readonly isTold?: boolean;
  readonly untilBroken?: boolean;
  /** Of `mutations.ts`. */
  readonly mutation?: string;
  readonly processes?: number;
}

const program = fileURLToPath(new URL('seeds.ts', import.meta.url));
const hooks = new URL('hooks.ts', import.meta.url).href;

/** It measures nothing: the coverage of tests would only slow it down. */
const { NODE_V8_COVERAGE: _, ...environment } = process.env;

/** Resolves when all seeds have run; rejects if a process fails. */
export async function runFleet(order: FleetOrder, each: (verdict: Verdict) => void): Promise<void> {
  const { processes = 2 } = order;
  const count = Math.min(processes, order.count);
  await Promise.all(Array.from({ length: count }, (_, index) => runProcess(order, { index, of: count }, each)));
}

function runProcess(
  { from, count, isTold = false, untilBroken = false, mutation }: FleetOrder,
  { index, of }: { index: number; of: number },
  each: (verdict: Verdict) => void,
): Promise<void> {
  const own = Math.ceil((count - index) / of);
  const seeds: SeedsOrder = { from: from + index, count: own, step: of, isTold, untilBroken };
  const child = fork(program, [JSON.stringify(seeds)], {
    execArgv: ['--import', hooks],
    serialization: 'advanced',
    env: mutation === undefined ? environment : { ...environment, NORTHGATE_MUTATION: mutation },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  const errors: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
  child.on('message', (verdict) => each(verdict as Verdict));
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a process of the simulation ended with ${code}: ${Buffer.concat(errors).toString()}`));
    });
  });
}
