/**
 * `npm run bench -- [--tiny] [NAME …]`: measures, and prints tables; without a name, the first three (about ten
 * minutes); the others, which want gigabytes of memory and disk, by name. Progress goes to the error output. What the
 * figures mean and what they do not show: docs/measurements.md.
 */
import { availableParallelism } from 'node:os';
import { leaveCoreToGateway } from './child.ts';
import { measureConsole } from './console.ts';
import { fsyncTimes } from './disk.ts';
import { say } from './figures.ts';
import { measureHeld } from './held.ts';
import { measureJournaled } from './journaled.ts';
import { measureKept } from './kept.ts';
import { measureMemory } from './memory.ts';
import { measureReplay } from './replay.ts';
import { measureRetention } from './retention.ts';
import { measureScale } from './scale.ts';
import { hasRedis } from './stage.ts';

const measurements: Readonly<Record<string, () => Promise<void>>> = {
  replay: measureReplay,
  held: measureHeld,
  journaled: measureJournaled,
  scale: measureScale,
  kept: measureKept,
  console: measureConsole,
  memory: measureMemory,
  retention: measureRetention,
};
const usual = ['replay', 'held', 'journaled'];

const asked = process.argv.slice(2).filter((argument) => argument !== '--tiny');
const unknown = asked.find((name) => measurements[name] === undefined);
if (unknown !== undefined) {
  say(`there is no measurement ${unknown}; there are: ${Object.keys(measurements).join(', ')}`);
  process.exit(2);
}
say(`Node ${process.version}, ${availableParallelism()} cores; ${leaveCoreToGateway()}`);
if (!hasRedis) say('redis-server is not installed: only the embedded journal is measured');
for (const [name, measure] of Object.entries(measurements)) {
  if (!(asked.length > 0 ? asked : usual).includes(name)) continue;
  process.stdout.write(`\n${name}: ${fsyncTimes()} before`);
  await measure();
  process.stdout.write(`\n${name}: ${fsyncTimes()} after\n`);
}
