/**
 * The gateway's own resources on the northbound listener (contract section 3): a transaction and its recorded answer,
 * to its sender only, and the OpenAPI document. Who asks is found as for proxied requests, so that others get 404.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Answer } from '../domain/outcome.ts';
import { GatewayError } from '../domain/problem.ts';
import { isSettled, type Transaction } from '../domain/transaction.ts';
import type { Journal } from '../journal/journal.ts';
import { unpackAnswer } from '../journal/message.ts';
import { type Authorities, giveAnswer } from '../northbound/answer.ts';
import type { Comeback } from '../northbound/comeback.ts';
import { madeUpAnswer } from '../northbound/recorded-answer.ts';
import { endToEnd, withField } from '../upstream/headers.ts';
import { refusalOfUnrouted } from './allowed-methods.ts';
import type { Identify } from './clients.ts';
import { documentRoutes } from './document-routes.ts';
import { asGatewayError, problemAnswer } from './problem-answer.ts';
import { isKnown, noAnswer, representationOf } from './transaction-status.ts';

export interface OwnRoutesOptions {
  readonly journal: Journal;
  readonly identify: Identify;
  /** VIP and nodes, whose authority never reaches a client (R25). */
  readonly escHosts: readonly string[];
  readonly scheme: 'http' | 'https';
  /** The parsed `openapi/northbound.yaml`. */
  readonly document: object;
  readonly comeback: Pick<Comeback, 'seconds'>;
  readonly log: Logger;
}

const base = '/northgate/v1';

/** In a context of their own, so that every error below `/northgate` is a problem. */
export function ownRoutes(app: FastifyInstance, options: OwnRoutesOptions): void {
  void app.register((own, _, done) => {
    // None of them takes a body; one that comes all the same is not looked at.
    own.removeAllContentTypeParsers();
    own.addContentTypeParser('*', (_, body, parsed) => {
      body.resume();
      parsed(null);
    });
    own.setErrorHandler((error, _, reply) => {
      const { status, headers, body } = problemAnswer(asGatewayError(error, options.log));
      return reply.code(status).headers(headers).send(Buffer.from(body));
    });
    register(own, options);
    done();
  });
}

function register(
  app: FastifyInstance,
  { journal, identify, escHosts, scheme, document, comeback }: OwnRoutesOptions,
): void {
  const unrouted = refusalOfUnrouted(app);

  const ofSender = async (request: FastifyRequest): Promise<Transaction> => {
    const { client } = await identify(request.raw, endToEnd(request.raw.rawHeaders));
    const { id } = request.params as { id: string };
    const transaction = await journal.get(id);
    if (transaction === null || transaction.client !== client) {
      throw new GatewayError('not-found', { detail: `You have sent no transaction ${id}.` });
    }
    return transaction;
  };

  /** Until the client may look again; settled ones never change. */
  const lookAgain = (transaction: Transaction, reply: FastifyReply): void => {
    if (isSettled(transaction.state.status)) return;
    reply.header('Retry-After', String(comeback.seconds('status', transaction)));
  };

  app.get(`${base}/transactions/:id`, async (request, reply) => {
    const transaction = await ofSender(request);
    const { body, tag } = representationOf(transaction);
    // No cache may keep it (RFC 9111 section 5.2.2.5): it is one client's and changes at any time. The tag is for that
    // client itself, which polls and is told in a few bytes that nothing has changed.
    reply.header('Cache-Control', 'no-store').header('ETag', tag);
    lookAgain(transaction, reply);
    if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(body);
  });

  app.get(`${base}/transactions/:id/response`, async (request, reply) => {
    const transaction = await ofSender(request);
    const { id, answer } = transaction;
    if (answer === null) throw noAnswer(transaction, comeback.seconds('status', transaction));
    const packed = answer.from === 'esc' ? await journal.body(id, 'response') : null;
    giveRecorded(reply, transaction, packed === null ? madeUpAnswer(transaction) : unpackAnswer(packed), {
      own: `${scheme}://${request.headers.host ?? 'localhost'}`,
      esc: escHosts,
    });
  });

  documentRoutes(app, base, document);

  app.all('/northgate/*', (request) => {
    throw unrouted(request.method, request.url);
  });
}

/** ESC's answer from the journal: its status, fields and bytes, but for no cache to keep. */
function giveRecorded(reply: FastifyReply, transaction: Transaction, answer: Answer, authorities: Authorities): void {
  reply.hijack();
  const headers = withField(answer.headers, 'Cache-Control', 'no-store');
  giveAnswer(reply.raw, { transaction, answer: { ...answer, headers }, isReplayed: true }, authorities);
}
