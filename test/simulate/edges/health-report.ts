/**
 * Health reports, each text read once a process: nearly all of a world's events are probes, and a pair says the same
 * thing thousands of times. The reading itself is the product's own.
 */
import { type HealthReading, readHealthReport as read } from '../../../src/esc/health-report.ts';

export { isReady, meaningOf } from '../../../src/esc/health-report.ts';

/** There are some dozens: a world has few services and few codes. */
const knownMax = 10_000;
const known = new Map<string, HealthReading>();

export function readHealthReport(httpStatus: number, contentType: string, body: Uint8Array): HealthReading {
  const name = `${httpStatus} ${contentType} ${Buffer.from(body).toString('latin1')}`;
  const found = known.get(name);
  if (found !== undefined) return found;
  if (known.size >= knownMax) known.clear();
  const reading = Object.freeze(read(httpStatus, contentType, body));
  known.set(name, reading);
  return reading;
}
