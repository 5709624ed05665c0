/**
 * A simulated pair and `northgate doctor` as a process that looks at it: what it says by check, and how it ends.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Check, Status } from '../../src/cli/doctor/check.ts';
import { type SimulatedPair, startPair } from '../../src/sim/pair.ts';
import type { PairOptions } from '../../src/sim/profiles.ts';
import { makeCertificate } from '../config/certificate.ts';
import { run } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { settingsFor } from '../support/world.ts';

export type Settings = Readonly<Record<string, string>>;

export interface Diagnosis {
  readonly code: number | null;
  readonly checks: readonly Check[];
  readonly stdout: string;
  readonly stderr: string;
  /** The checks of an id, in the order in which they were told. */
  of(id: string): readonly Check[];
  /** Ids of a status, each once. */
  ids(status: Status): string[];
}

/** Runs `northgate doctor --json`; nothing of this process' environment but what is given. */
export async function consult(settings: Settings): Promise<Diagnosis> {
  const { code, stdout, stderr } = await run(['doctor', '--json'], settings);
  if (stdout === '') throw new Error(`the doctor said nothing and ended with ${code}: ${stderr}`);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return {
    code,
    checks,
    stdout,
    stderr,
    of: (id) => checks.filter((check) => check.id === id),
    ids: (status) => [...new Set(checks.filter((check) => check.status === status).map(({ id }) => id))],
  };
}

export interface Clinic extends AsyncDisposable {
  readonly pair: SimulatedPair;
  readonly directory: string;
  /** Of a gateway for this pair, which is not started. */
  readonly settings: Settings;
  consult(further?: Settings): Promise<Diagnosis>;
}

/** A pair as ESC is: HTTPS, credentials. `given` replaces options of it. */
export async function openClinic(given: PairOptions = {}): Promise<Clinic> {
  const tls = makeCertificate('esc-pair', addresses);
  // The addresses are those that the simulator has of itself, which others have too; the ports are not.
  const ports = { restPort: await freePort(), healthPort: await freePort() };
  const pair = await startPair({ ...ports, tls, auth: account, timeScale: 0.004, peerReturnMs: 20_000, ...given });
  const directory = await mkdtemp(join(tmpdir(), 'northgate-'));
  const settings = {
    ...settingsFor(pair, directory),
    // A process that begins on a busy machine must not take the pair for silent.
    NORTHGATE_ESC_HEALTH_TIMEOUT: '10s',
    NORTHGATE_ESC_USERNAME: account.username,
    NORTHGATE_ESC_PASSWORD: account.password,
    ...(pair.scheme === 'https' ? { NORTHGATE_ESC_TLS_CA: tls.cert } : {}),
  };
  return {
    pair,
    directory,
    settings,
    consult: (further = {}) => consult({ ...settings, ...further }),
    async [Symbol.asyncDispose]() {
      await pair.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Of the VIP and both nodes, by the simulator's defaults. */
export const addresses: readonly string[] = ['127.0.0.10', '127.0.0.11', '127.0.0.12'];

export const account = { username: 'admin', password: 'open-sesame-7' };
