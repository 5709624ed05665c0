/**
 * Asks one health monitor, again and again: the VIP's or a node's own. Invariants: one question at a time; `askNow`
 * during one asks another after it, since only answers to questions sent later prove anything (R12, R13); each
 * question has its own connection, ended by reset, so that no lingering state on a node can answer for the next.
 * It concludes nothing: observations go to the coordinator.
 */
import http from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Observation } from '../domain/health.ts';
import { isReady, readHealthReport } from '../esc/health-report.ts';
import { open, type TlsTrust } from '../upstream/sockets.ts';
import { now } from './clock.ts';

export interface ProberOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly trust: TlsTrust | null;
  readonly authorization: string | null;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly onObservation: (observation: Observation) => void;
}

/** In doubt, probes come this many times as often. */
const inDoubtFactor = 4;
/** However many bad signs come, questions are at least this far apart: the health port can be drowned (CVE-2021-1312). */
const askGapMs = 25;
const reportBytesMax = 64 * 1024;

export class Prober {
  readonly #options: ProberOptions;
  #timer: NodeJS.Timeout | null = null;
  #isAsking = false;
  #askAgain = false;
  #isClosed = false;
  #isInDoubt = false;
  #askedAt = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ask();
  }

  /** Asks at once, or right after the question that is under way. */
  askNow(): void {
    if (this.#isAsking) {
      this.#askAgain = true;
      return;
    }
    this.#schedule(Math.max(0, this.#askedAt + askGapMs - now()));
  }

  /** While the verdict is in doubt questions come faster. */
  set inDoubt(isInDoubt: boolean) {
    this.#isInDoubt = isInDoubt;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), delayMs);
  }

  #ask(): void {
    this.#isAsking = true;
    this.#askedAt = now();
    probe(this.#options, this.#askedAt)
      .then((observation) => {
        this.#isAsking = false;
        if (this.#isClosed) return;
        this.#options.onObservation(observation);
        const { intervalMs } = this.#options;
        const pauseMs = this.#isInDoubt ? intervalMs / inDoubtFactor : intervalMs;
        const nextAt = this.#askAgain ? this.#askedAt + askGapMs : this.#askedAt + pauseMs;
        this.#askAgain = false;
        this.#schedule(Math.max(0, nextAt - now()));
      })
      .catch((error: unknown) => {
        throw new Error('defect: a probe must end in an observation', { cause: error });
      });
  }
}

/** One question and its answer; never rejects. */
function probe(options: Omit<ProberOptions, 'onObservation' | 'intervalMs'>, at: number): Promise<Observation> {
  return new Promise((resolve) => {
    const socket = open(options);
    const nothing = { statusCode: null, stage: null, identity: null };
    let isOver = false;
    const finish = (rest: Omit<Observation, 'at' | 'endedAt'>): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      request.destroy();
      socket.destroy();
      resolve({ at, endedAt: now(), ...rest });
    };
    const timer = setTimeout(() => {
      finish({ ...nothing, health: 'down', message: `silent for ${options.timeoutMs} ms`, heard: false });
    }, options.timeoutMs);
    const request = http.request({
      createConnection: () => socket,
      path: options.path,
      headers: {
        Host: options.host,
        Accept: 'application/xml, application/json',
        // Kept alive in name only: it is reset below, which a connection that is being closed cannot be.
        Connection: 'keep-alive',
        ...(options.authorization === null ? {} : { Authorization: options.authorization }),
      },
    });
    const failed = (error: NodeJS.ErrnoException): void => {
      const heard = error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET';
      finish({ ...nothing, health: 'down', message: error.message, heard });
    };
    socket.on('error', failed);
    request.on('error', failed);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength;
        if (bytes > reportBytesMax) failed(new Error(`a health report longer than ${reportBytesMax} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', failed);
      response.on('end', () => {
        const contentType = response.headers['content-type'] ?? '';
        finish(
          conclude(readHealthReport(response.statusCode ?? 0, contentType, Buffer.concat(chunks)), identityOf(socket)),
        );
      });
    });
    request.end();
  });
}

function conclude(
  reading: ReturnType<typeof readHealthReport>,
  identity: string | null,
): Omit<Observation, 'at' | 'endedAt'> {
  if (reading.kind === 'unreadable') {
    return { health: 'starting', statusCode: null, stage: null, message: reading.reason, identity, heard: true };
  }
  const { code, stage, message } = reading;
  const shown = `${code}${stage === null ? '' : ` ${stage}`}${message === '' ? '' : `: ${message}`}`;
  return {
    health: isReady(reading) ? 'ready' : 'starting',
    statusCode: code,
    stage,
    message: shown,
    identity,
    heard: true,
  };
}

/** Each node ships its own certificate, so it tells the nodes apart at the VIP. */
function identityOf(socket: object): string | null {
  const certificate = 'getPeerCertificate' in socket ? (socket as TLSSocket).getPeerCertificate() : null;
  return certificate?.fingerprint256 ?? null;
}
