/** One chaos run: start, trouble for a time, settle, and the verdict. Nothing of it is left but what is given back. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { audit } from './audit.ts';
import { randomOf } from './random.ts';
import { settle } from './settling.ts';
import { startStage } from './stage.ts';
import { storyOf } from './story.ts';
import { makeTrouble } from './troubles.ts';

export interface RunOptions {
  readonly seed: number;
  /** How long there is trouble. */
  readonly forMs: number;
  readonly clients: number;
  /** Where logs and ledgers stay; without it nothing does. */
  readonly directory?: string | undefined;
  readonly print: (line: string) => void;
}

export interface Verdict {
  /** Empty: the ledgers agree. Each is a story for people. */
  readonly complaints: readonly string[];
  readonly transactions: number;
  readonly orders: number;
  readonly troubles: number;
}

export async function run({ seed, forMs, clients, directory, print }: RunOptions): Promise<Verdict> {
  print(`chaos: seed ${seed}, ${clients} clients, trouble for ${Math.round(forMs / 1000)} s`);
  const random = randomOf(seed);
  await using stage = await startStage({ seed, clients, directory });
  await stage.load.start();
  await makeTrouble(stage, random, Date.now() + forMs);
  print('chaos: the trouble is over; waiting until all is settled');
  const { ledgers, complaints } = await settle(stage);
  if (directory !== undefined) await writeFile(join(directory, 'ledgers.json'), JSON.stringify(ledgers));
  const violations = audit(ledgers).map((found) => storyOf(found, ledgers));
  return {
    complaints: [...complaints, ...violations],
    transactions: ledgers.journal.length,
    orders: ledgers.clients.orders.length,
    troubles: stage.disturbances.length,
  };
}
