/** How long the disk under the journals takes to keep 4 KB for good: stands beside every figure of a durable journal. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const writeCount = 300;
const pageBytes = 4096;

export function fsyncTimes(): string {
  const directory = mkdtempSync(join(tmpdir(), 'northgate-bench-'));
  const file = openSync(join(directory, 'written'), 'w');
  const page = Buffer.alloc(pageBytes, 1);
  const timesMs = Array.from({ length: writeCount }, () => {
    const beganAt = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - beganAt;
  }).sort((a, b) => a - b);
  closeSync(file);
  rmSync(directory, { recursive: true });
  const quantile = (share: number): string => (timesMs[Math.floor(share * (writeCount - 1))] ?? 0).toFixed(2);
  return `fdatasync of 4 KB ${quantile(0.5)} ms p50, ${quantile(0.99)} ms p99`;
}
