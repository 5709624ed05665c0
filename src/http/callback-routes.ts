/**
 * Where ESC reports: `POST /northgate/v1/callbacks/TOKEN`, whatever the content type, from whatever address. Answered as
 * soon as it is journaled; what it means is for `callbacks/`. It asks for no credentials: the token is one.
 */
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Receiver } from '../callbacks/receive.ts';
import { callbackPath } from '../callbacks/token.ts';
import { GatewayError } from '../domain/problem.ts';
import { asGatewayError, problemAnswer } from './problem-answer.ts';

export interface CallbackRoutesOptions {
  readonly receiver: Pick<Receiver, 'take'>;
  readonly bodyBytesMax: number;
  readonly log: Logger;
}

/** In a context of their own: bodies are taken as bytes, and every error is a problem. */
export function callbackRoutes(app: FastifyInstance, { receiver, bodyBytesMax, log }: CallbackRoutesOptions): void {
  void app.register((own, _, done) => {
    own.removeAllContentTypeParsers();
    own.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: bodyBytesMax }, (_, body, parsed) =>
      parsed(null, body),
    );
    own.setErrorHandler((error, _, reply) => {
      const { status, headers, body } = problemAnswer(asGatewayError(error, log));
      return reply.code(status).headers(headers).send(Buffer.from(body));
    });
    own.all(`${callbackPath}/:token`, {
      onRequest: (request, reply, next) => {
        if (request.method !== 'POST') {
          next(notAllowed(request.method));
          return;
        }
        if (request.headers.expect !== undefined) reply.raw.writeContinue();
        next();
      },
      handler: async (request, reply) => {
        const { token } = request.params as { token: string };
        // Without a body there is no content type, and no parser that was asked.
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const taken = await receiver.take(token, request.raw.rawHeaders, body);
        if (taken === 'unknown') throw unknownToken();
        if (taken === 'unavailable') throw unavailable();
        return reply.code(200).header('Content-Length', '0').send();
      },
    });
    done();
  });
}

const notAllowed = (method: string): GatewayError =>
  new GatewayError('method-not-allowed', {
    detail: `ESC reports by POST, not by ${method}.`,
    sent: 'no',
    headers: { Allow: 'POST' },
  });

/** The token is not repeated: it is a secret where it is right but too old. */
const unknownToken = (): GatewayError =>
  new GatewayError('not-found', { detail: 'There is no transaction that this token was made for.', sent: 'no' });

const unavailable = (): GatewayError =>
  new GatewayError('journal-unavailable', {
    detail: 'The report could not be recorded; send it again.',
    sent: 'no',
    retryAfterSeconds: 5,
  });
