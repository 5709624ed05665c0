/**
 * One performance of the demo: stage, story, counting, report, and everything put away again, whatever happened.
 * `prepare` and `timeScale` are for tests, which show the counting to be able to fail; nobody else gives them.
 */
import type { Transaction } from '../../domain/transaction.ts';
import type { Journal } from '../../journal/journal.ts';
import { isClean, judge, type Ledgers } from './judgement.ts';
import { narrate } from './narrator.ts';
import { planOf } from './plan.ts';
import { reportOf } from './report.ts';
import { type Stage, startStage } from './stage.ts';
import { chaptersOf, type Telling } from './story.ts';

export interface Performance {
  readonly vnfs: number;
  readonly output: NodeJS.WritableStream;
  /** Aborted: the story ends at once. */
  readonly signal: AbortSignal;
  /** What is done with the finished stage before it is put away. */
  readonly afterwards: (stage: Stage) => Promise<void>;
  readonly prepare?: (stage: Stage) => Promise<void>;
  readonly timeScale?: number;
}

/** One second of the demo is twenty of a real pair. */
const usualTimeScale = 0.05;

/** Whether every transaction took effect and was told of exactly once. Rejects if the stage cannot be had or the story does not go on. */
export async function perform(performance: Performance): Promise<boolean> {
  const { vnfs, output, signal, afterwards, prepare, timeScale = usualTimeScale } = performance;
  const stage = await startStage(timeScale);
  try {
    await prepare?.(stage);
    const telling: Telling = { switchoversAt: [] };
    await narrate(chaptersOf({ ...stage, plan: planOf(vnfs), signal }, telling), output);
    const ledgers = await ledgersOf(stage, telling);
    const judgement = judge(ledgers);
    const switchovers = (await stage.gateway.journal.switchovers(100)).toReversed();
    output.write(reportOf({ ledgers, judgement, switchovers }));
    await afterwards(stage);
    return isClean(judgement);
  } finally {
    await stage.close();
  }
}

async function ledgersOf({ pair, gateway, orchestrator }: Stage, { switchoversAt }: Telling): Promise<Ledgers> {
  return {
    book: orchestrator.book,
    transactions: await allTransactions(gateway.journal),
    effects: pair.ledger,
    executed: pair.requests,
    switchoversAt,
    strayReports: orchestrator.strayReports,
  };
}

async function allTransactions(journal: Journal): Promise<Transaction[]> {
  const pageMax = 1000;
  const all: Transaction[] = [];
  for (let page = await journal.list({ limit: pageMax }); page.length > 0; ) {
    all.push(...page);
    page = await journal.list({ limit: pageMax, beforeSequence: page.at(-1)?.sequence ?? 0 });
  }
  return all;
}
