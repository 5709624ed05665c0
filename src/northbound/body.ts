/** A request's body, whole and bounded. What is too long or cut short never becomes a transaction. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../domain/problem.ts';

/** @throws GatewayError `body-too-large` if the head says so; a client that asks first is then not told to go on. */
export function checkAnnounced(request: IncomingMessage, bodyBytesMax: number): void {
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax);
}

/** @throws GatewayError `body-too-large`, `invalid-request` when the client ends in the middle of it. */
export async function readBody(request: IncomingMessage, bodyBytesMax: number): Promise<Buffer> {
  checkAnnounced(request, bodyBytesMax);
  if (request.destroyed && !request.complete) throw cutShort();
  return await new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > bodyBytesMax) {
        request.pause();
        reject(tooLarge(bodyBytesMax));
      } else {
        chunks.push(chunk);
      }
    });
    request.once('end', () => {
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
      // The request lives for as long as its client waits; its body must not.
      chunks = [];
    });
    request.once('error', (error) => reject(error instanceof GatewayError ? error : cutShort()));
    request.once('close', () => {
      if (!request.complete) reject(cutShort());
    });
  });
}

const tooLarge = (bodyBytesMax: number): GatewayError =>
  new GatewayError('body-too-large', {
    detail: `At most ${bodyBytesMax} bytes are taken (limits.bodyBytes).`,
    sent: 'no',
  });

const cutShort = (): GatewayError =>
  new GatewayError('invalid-request', { detail: 'The body ended before it was complete.', sent: 'no' });
