/**
 * `npm run bench [replay] [held] [journaled]`: measures, and prints tables; without a name, all three (about ten
 * minutes). Progress goes to the error output. What the figures mean and what they do not show: docs/measurements.md.
 */
import { availableParallelism } from 'node:os';
import { leaveCoreToGateway } from './child.ts';
import { fsyncTimes } from './disk.ts';
import { say } from './figures.ts';
import { measureHeld } from './held.ts';
import { measureJournaled } from './journaled.ts';
import { measureReplay } from './replay.ts';
import { hasRedis } from './stage.ts';

const measurements: Readonly<Record<string, () => Promise<void>>> = {
  replay: measureReplay,
  held: measureHeld,
  journaled: measureJournaled,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => measurements[name] === undefined);
if (unknown !== undefined) {
  say(`there is no measurement ${unknown}; there are: ${Object.keys(measurements).join(', ')}`);
  process.exit(2);
}
say(`Node ${process.version}, ${availableParallelism()} cores; ${leaveCoreToGateway()}`);
if (!hasRedis) say('redis-server is not installed: only the embedded journal is measured');
for (const [name, measure] of Object.entries(measurements)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  process.stdout.write(`\n${name}: ${fsyncTimes()} before`);
  await measure();
  process.stdout.write(`\n${name}: ${fsyncTimes()} after\n`);
}
