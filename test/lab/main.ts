/**
 * A program: `npm run lab`. Exit code 0: no promise was broken; 1: one was, or a cause did not come to pass, and it is
 * told; 2: wrong usage, or the machine lacks what the lab needs.
 */
import { parseArgs } from 'node:util';
import { missing } from './requirements.ts';
import { causeNames, type LabOptions, runLab, type Verdict } from './run.ts';
import { tableOf } from './table.ts';

const usage =
  'usage: npm run lab -- [--only CAUSE]… [--runs N] [--interval 200ms] [--scale N] [--tls] [--json] [--keep FOLDER]';
const usageCode = 2;

interface Given extends Omit<LabOptions, 'print'> {
  readonly runs: number;
  readonly isJson: boolean;
}

function given(): Given | string {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        runs: { type: 'string' },
        interval: { type: 'string' },
        scale: { type: 'string' },
        tls: { type: 'boolean' },
        json: { type: 'boolean' },
        keep: { type: 'string' },
      },
    });
    const { only = [], runs = '1', interval = '200ms', scale = '20', tls = false, json = false, keep } = values;
    const unknown = only.find((name) => !causeNames.includes(name));
    if (unknown !== undefined) return `--only ${unknown} is none of ${causeNames.join(', ')}`;
    if (!/^[1-9]\d*$/.test(runs)) return `--runs ${runs} is no whole number above 0`;
    if (!/^[1-9]\d*(?:ms|s)$/.test(interval)) return `--interval ${interval} is no duration such as 200ms or 1s`;
    if (!(Number(scale) > 0)) return `--scale ${scale} is no number above 0`;
    const pace = { interval, scale: Number(scale) };
    return { only, runs: Number(runs), pace, isSecure: tls, isJson: json, keep };
  } catch (error) {
    return (error as Error).message;
  }
}

/** Runs one after the other until all are through; the first complaint does not end it. */
async function runAll({ runs, isJson, ...options }: Given): Promise<boolean> {
  const print = isJson ? console.error : console.log;
  const verdicts: Verdict[] = [];
  for (let number = 1; number <= runs; number += 1) {
    const from = Date.now();
    const verdict = await runLab({ ...options, print });
    verdicts.push(verdict);
    if (!isJson) console.log(tableOf(verdict.figures));
    for (const complaint of verdict.complaints) print(complaint);
    const seconds = Math.round((Date.now() - from) / 1000);
    print(`lab: run ${number} of ${runs}: ${verdict.complaints.length} complaints, ${seconds} s`);
  }
  if (isJson) console.log(JSON.stringify({ pace: options.pace, runs: verdicts }, null, 2));
  return verdicts.every(({ complaints }) => complaints.length === 0);
}

const found = given();
if (typeof found === 'string') {
  console.error(`${found}\n${usage}`);
  process.exitCode = usageCode;
} else {
  const lacking = missing();
  for (const each of lacking) console.error(`lab: ${each}`);
  process.exitCode = lacking.length > 0 ? usageCode : (await runAll(found)) ? 0 : 1;
}
