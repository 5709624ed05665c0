/**
 * A program: the gateway in its namespace, as `northgate serve` runs it. It tells what it sees of a switchover when it
 * sees it, and asks its own ops listener, which is on loopback, for who cannot reach it.
 */
import { appendFileSync } from 'node:fs';
import { pino } from 'pino';
import { request } from 'undici';
import { type Gateway, startGateway } from '../../src/app.ts';
import { readConfig, refusalText } from '../../src/config/reader.ts';
import { answerQuestions, tell } from './resident.ts';
import type { Sighting } from './sightings.ts';

export interface GatewayStart {
  readonly settings: Readonly<Record<string, string>>;
  readonly logFile: string;
}

export interface OpsQuestion {
  readonly path: string;
  readonly body?: object;
}

const badSign = 'a bad sign';
let gateway: Gateway | null = null;
let isOpen = false;
let doubtedAt: number | null = null;

const see = (kind: Sighting['kind'], at: number, why: string): void =>
  tell({ kind, at, epoch: gateway?.coordinator.epoch ?? 0, why } satisfies Sighting);

/** One log line; the debug line that a bad sign leaves is the only trace of it. */
function write(logFile: string, line: string): void {
  appendFileSync(logFile, line);
  if (isOpen && doubtedAt === null && line.includes(badSign)) doubt(Date.now(), line.trim());
}

function doubt(at: number, why: string): void {
  doubtedAt = at;
  see('bad-sign', at, why);
}

/** One bad sign that leads to nothing is forgotten when the VIP answers READY to a later question. */
function look({ coordinator }: Gateway): void {
  const { state } = coordinator;
  if (isOpen && doubtedAt === null && state.doubt !== null) doubt(state.doubt.endedAt, state.doubt.message);
  const isNowOpen = coordinator.isOpen;
  if (isNowOpen === isOpen) return;
  isOpen = isNowOpen;
  doubtedAt = null;
  see(isOpen ? 'open' : 'shut', Date.now(), isOpen ? String(coordinator.activeNode) : 'the epoch ends');
}

async function start({ settings, logFile }: GatewayStart): Promise<void> {
  const reading = readConfig({ environment: settings });
  if ('errors' in reading) throw new Error(refusalText(reading));
  const log = pino({ level: 'debug' }, { write: (line: string) => write(logFile, line) });
  const started = await startGateway(reading.config, log);
  gateway = started;
  started.coordinator.listen({
    changed: () => look(started),
    opened: () => look(started),
    proven: (askedAt) => {
      if (isOpen && doubtedAt !== null && askedAt > doubtedAt) doubtedAt = null;
    },
  });
  look(started);
}

async function ops({ path, body }: OpsQuestion): Promise<unknown> {
  const given =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await request(`${gateway?.ops.url}${path}`, { method: body === undefined ? 'GET' : 'POST', ...given });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
  return JSON.parse(text);
}

answerQuestions({ start, ops, end: () => gateway?.close() });
