/**
 * `northgate journal reseal`: seals a journal anew under `journal.key`, so that `journal.oldKeys` can go. It opens the journal
 * itself: a Redis journal beside its gateways, an embedded one when its gateway is stopped. Ended anywhere, it is simply run again.
 */
import { Command } from 'commander';
import { indexOf } from '../domain/transaction.ts';
import type { Journal, StoredJournal } from '../journal/journal.ts';
import { Failure } from './failure.ts';
import { type Output, printJson } from './output.ts';

const recordsPerStep = 100;
const listMax = 1000;

export const resealCommand = (output: Output): Command =>
  new Command('reseal')
    .description('encrypt everything under journal.key, and say when journal.oldKeys may go')
    .option('--config <file>', 'a YAML file; else NORTHGATE_CONFIG, else the environment alone')
    .option('--json', 'print JSON')
    .action(async (options) => {
      process.exitCode = await runReseal(output, options);
    });

interface Sums {
  records: number;
  values: number;
  unopened: number;
  /** Transactions from the time of an earlier key on which ESC may still report: its tokens were made with that key. */
  mayStillReport: number;
  oldKeysMayGo: boolean;
}

/** 1 if something is sealed with a key that is not here. @throws Failure 2 for a wrong configuration, 1 for a journal that does not open. */
async function runReseal(output: Output, { config, json }: { config?: string; json?: true }): Promise<number> {
  const { readConfig, refusalText } = await import('../config/reader.ts');
  const { openStored } = await import('../journal/open.ts');
  const reading = readConfig({ file: config, environment: process.env });
  if ('errors' in reading) throw new Failure(2, refusalText(reading).trimEnd());
  const options = reading.config.journal;
  if (options.plaintext && options.key === undefined) throw new Failure(2, 'journal.key: there is none to seal with');
  const journal = await openStored(options).catch((error: unknown) => {
    throw new Failure(1, (error as Error).message);
  });
  try {
    const sums = await resealAll(journal);
    if (json === true) printJson(output, sums);
    else output.write(`${sentencesOf(sums).join('\n')}\n`);
    return sums.unopened > 0 ? 1 : 0;
  } catch (error) {
    throw new Failure(1, `${(error as Error).message}; what was done stays done, run it again`);
  } finally {
    await journal.close();
  }
}

async function resealAll(journal: StoredJournal): Promise<Sums> {
  const sums: Sums = { records: 0, values: 0, unopened: 0, mayStillReport: 0, oldKeysMayGo: false };
  let earlierUntil = 0;
  for (let after = 0; ; ) {
    const step = await journal.reseal(after, recordsPerStep);
    sums.records += step.records;
    sums.values += step.values;
    sums.unopened += step.unopened;
    earlierUntil = step.earlierUntil;
    tellProgress(sums);
    if (step.last === null) break;
    after = step.last;
  }
  if (process.stderr.isTTY === true) process.stderr.write('\n');
  sums.mayStillReport = await reportableUntil(journal, earlierUntil);
  sums.oldKeysMayGo = sums.unopened === 0 && sums.mayStillReport === 0;
  return sums;
}

const tellProgress = ({ records, values }: Sums): void =>
  void (
    process.stderr.isTTY === true && process.stderr.write(`\r${records} transactions read, ${values} values sealed`)
  );

/** Of those received until then, how many are not done: unsettled, or a deployment that stands (R29). */
async function reportableUntil(journal: Journal, until: number): Promise<number> {
  let count = 0;
  for (let before: number | undefined; until > 0; ) {
    const below = before === undefined ? {} : { beforeSequence: before };
    const page = await journal.list({ receivedUntil: until + 1, limit: listMax, ...below });
    count += page.filter((transaction) => indexOf(transaction).doneAt === null).length;
    before = page.at(-1)?.sequence;
    if (page.length < listMax || before === undefined) break;
  }
  return count;
}

function sentencesOf({ records, values, unopened, mayStillReport, oldKeysMayGo }: Sums): string[] {
  const done = `${records} transactions read; ${values} values sealed anew under journal.key`;
  if (unopened > 0) {
    return [
      done,
      `${unopened} values are sealed with a key that is not here: add it to journal.oldKeys and run this again`,
    ];
  }
  if (oldKeysMayGo) return [done, 'journal.oldKeys may go, once every gateway has this journal.key'];
  return [
    done,
    `journal.oldKeys must stay: ESC may still report on ${mayStillReport} transactions that began under an earlier key; run this again later`,
  ];
}
