/**
 * The path of a safe request: passed through and streamed, held while the gate is shut, sent again while no byte of an
 * answer has reached the client; never journaled, never answered from a store.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from '../domain/outcome.ts';
import { isDoubtful } from '../domain/outcome.ts';
import { GatewayError } from '../domain/problem.ts';
import { backoffMs } from '../domain/retry.ts';
import { now } from '../pair/clock.ts';
import type { Coordinator } from '../pair/coordinator.ts';
import { firstValue } from '../upstream/headers.ts';
import type { AnswerSink, Upstream, UpstreamRequest } from '../upstream/upstream.ts';
import { towardsClient } from './answer.ts';
import { readBody } from './body.ts';
import type { Caller } from './client.ts';
import type { Comeback } from './comeback.ts';
import type { Holds } from './holds.ts';
import { draining, holdFull } from './refusals.ts';
import type { Sender } from './sender.ts';

export interface PassOptions {
  readonly coordinator: Coordinator;
  readonly upstream: Upstream;
  readonly sender: Sender;
  readonly holds: Holds;
  readonly comeback: Comeback;
  readonly holdMaxMs: number;
  readonly responseTimeoutMs: number;
  readonly bodyBytesMax: number;
}

let passed = 0;

export class Pass {
  readonly #options: PassOptions;

  constructor(options: PassOptions) {
    this.#options = options;
  }

  /** @throws GatewayError when ESC cannot be reached within `hold.timeout`, or is silent. */
  async handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const { coordinator, holds, holdMaxMs, bodyBytesMax } = this.#options;
    const deadlineAt = now() + holdMaxMs;
    const body = hasBody(request) ? await readBody(request, bodyBytesMax) : null;
    const { method = 'GET', url: path = '/' } = request;
    let evidence = 'ESC is away';
    let failures = 0;
    let invalidAnswers = 0;
    while (!caller.hasLeft.aborted) {
      await this.#untilOpen(deadlineAt, evidence, caller.hasLeft, holds);
      const { epoch } = coordinator;
      const ended = await this.#attempt({ method, path, headers: caller.headers, body }, epoch, response, caller);
      if (ended === 'given') return;
      evidence = ended.evidence;
      invalidAnswers += ended.isInvalid === true ? 1 : 0;
      if (invalidAnswers >= invalidAnswersMax) throw invalid(evidence, this.#options.comeback);
      const remainingMs = deadlineAt - now();
      if (remainingMs <= 0) throw unreachable(evidence, this.#options.comeback);
      const proven = await coordinator.confirmReady(now(), epoch, Math.min(remainingMs, proofMaxMs));
      // ESC calls itself ready and still does not answer: not asked at the probes' pace.
      failures = proven === 'ready' ? failures + 1 : 0;
      const pauseMs = failures === 0 ? 0 : Math.min(backoffMs(failures, Math.random()), pauseMaxMs);
      await pause(Math.min(pauseMs, Math.max(0, deadlineAt - now())), caller.hasLeft);
    }
  }

  /** One attempt: its answer is given, or it may be made again. */
  async #attempt(
    request: UpstreamRequest,
    epoch: number,
    response: ServerResponse,
    caller: Caller,
  ): Promise<'given' | { evidence: string; isInvalid?: boolean }> {
    const { coordinator, upstream, sender, responseTimeoutMs } = this.#options;
    const sentAt = now();
    const sink = new ClientSink(response, caller);
    const fetched = await upstream.send(request, { deadlineMs: responseTimeoutMs, sink, signal: caller.hasLeft });
    if (fetched.kind === 'streamed') {
      sink.end(fetched.isComplete);
      return 'given';
    }
    if (fetched.kind === 'answered') {
      const reading = await sender.confirm(fetched.answer, epoch);
      if (reading.kind === 'maintenance') return { evidence: 'ESC is in maintenance mode' };
      if (reading.kind !== 'answered') return reading;
      give(response, reading.answer, caller);
      return 'given';
    }
    const wasSilent = fetched.kind === 'unknown' && now() - sentAt >= responseTimeoutMs;
    if (wasSilent && coordinator.epoch === epoch) throw timedOut(fetched.evidence, this.#options.comeback);
    return fetched;
  }

  /** Waits for the gate, in one of the bounded places. */
  async #untilOpen(deadlineAt: number, evidence: string, hasLeft: AbortSignal, holds: Holds): Promise<void> {
    const { coordinator } = this.#options;
    const { mode } = coordinator.gate();
    if (mode === 'open') return;
    if (mode === 'draining') throw draining(this.#options.comeback.seconds('draining'));
    passed += 1;
    const place = `pass ${passed}`;
    if (!holds.take(place, 0)) throw holdFull(this.#options.comeback.seconds('hold-full'));
    try {
      const opened = await coordinator.untilOpen(deadlineAt, hasLeft);
      if (opened === 'draining') throw draining(this.#options.comeback.seconds('draining'));
      if (opened === 'expired') throw unreachable(evidence, this.#options.comeback);
    } finally {
      holds.giveBack(place);
    }
  }
}

const proofMaxMs = 10_000;
const pauseMaxMs = 2_000;
/** So many answers that are no HTTP, and the client is told; one may come from a container that is starting. */
const invalidAnswersMax = 3;

/** Ends early when the client leaves. */
const pause = (ms: number, hasLeft: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      hasLeft.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    hasLeft.addEventListener('abort', finish);
    if (hasLeft.aborted) finish();
  });

const hasBody = (request: IncomingMessage): boolean =>
  request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;

function give(response: ServerResponse, answer: Answer, caller: Caller): void {
  const headers = towardsClient(answer, caller.authorities);
  response.sendDate = firstValue(headers, 'date') === '';
  response.writeHead(answer.status, headers);
  response.end(answer.body);
}

/** Streams to the client what needs no second thought (R12), with the client's own pace. */
class ClientSink implements AnswerSink {
  readonly #response: ServerResponse;
  readonly #caller: Caller;
  #hasBody = true;

  constructor(response: ServerResponse, caller: Caller) {
    this.#response = response;
    this.#caller = caller;
  }

  start(status: number, rawHeaders: string[]): boolean {
    const contentType = firstValue(rawHeaders, 'content-type');
    // Whether the body is empty is not known yet; a length that is not said to be positive counts as empty.
    const bodyBytes = Number(firstValue(rawHeaders, 'content-length') || 0);
    if (isDoubtful({ status, contentType, bodyBytes })) return false;
    this.#hasBody = status !== 204 && status !== 304;
    const headers = towardsClient({ status, headers: rawHeaders }, this.#caller.authorities);
    this.#response.sendDate = firstValue(headers, 'date') === '';
    this.#response.writeHead(status, headers);
    return true;
  }

  write(chunk: Uint8Array): boolean {
    return this.#response.write(chunk);
  }

  onDrain(resume: () => void): void {
    this.#response.on('drain', resume);
  }

  /** An answer that was cut short ends as a broken connection, so that the client sees it too (RFC 9112 section 8). */
  end(isComplete: boolean): void {
    // A 304 may tell the length of what it leaves out (RFC 9110 section 8.6); undici takes that for a missing body.
    if (isComplete || !this.#hasBody) this.#response.end();
    else this.#response.destroy();
  }
}

/** What a library says, by its code alone: its sentence may name hosts and addresses behind the gateway. */
function told(evidence: string): string {
  const [, code] = /^([A-Z][A-Z0-9_]+): /.exec(evidence) ?? [];
  return code === undefined || code === 'SILENCE' ? evidence : code;
}

const unreachable = (evidence: string, comeback: Comeback): GatewayError =>
  new GatewayError('upstream-unreachable', {
    detail: `ESC could not be reached in the time that a request is held (hold.timeout): ${told(evidence)}.`,
    sent: 'maybe',
    retryAfterSeconds: comeback.seconds('upstream-unreachable'),
  });

const invalid = (evidence: string, comeback: Comeback): GatewayError =>
  new GatewayError('upstream-invalid', {
    detail: `What answers in ESC's place does not speak HTTP: ${told(evidence)}.`,
    sent: 'yes',
    retryAfterSeconds: comeback.seconds('upstream-invalid'),
  });

const timedOut = (evidence: string, comeback: Comeback): GatewayError =>
  new GatewayError('upstream-timeout', {
    detail: `ESC took the request and did not answer (esc.timeouts.response): ${told(evidence)}.`,
    sent: 'maybe',
    retryAfterSeconds: comeback.seconds('upstream-timeout'),
  });
