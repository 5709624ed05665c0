/**
 * The two ways in which the doctor asks a peer: a TLS greeting, which looks at the certificate whether it is trusted or
 * not and sends nothing, and one GET. Credentials go only where the gateway itself would send them: over a connection
 * that is trusted as the configuration asks.
 */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { type Greeting, peerCertificateOf, type Trust } from './certificate.ts';

/** A larger answer is read no further: nothing that is judged is as long. */
const answerBytesMax = 64 * 1024;

export interface Peer {
  readonly host: string;
  readonly port: number;
  /** null: plain HTTP. */
  readonly trust: Trust | null;
}

/** Never rejects. */
export function greet({ host, port, trust }: Peer, waitMs: number): Promise<Greeting> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(trust?.ca === undefined ? {} : { ca: trust.ca }),
      // To look at, not to trust: nothing is sent on this connection.
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    const finish = (greeting: Greeting): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(greeting);
    };
    const timer = setTimeout(() => finish({ kind: 'silent', waitedMs: waitMs }), waitMs);
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined) finish({ kind: 'failed', code: 'no certificate' });
      else {
        const distrust = socket.authorized ? null : String(socket.authorizationError);
        finish({ kind: 'greeted', certificate: peerCertificateOf(certificate), distrust });
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => finish({ kind: 'failed', code: error.code ?? error.message }));
    socket.once('close', () => finish({ kind: 'failed', code: 'closed during the greeting' }));
  });
}

interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  /** Milliseconds by which the peer's clock is ahead of ours, by its Date field; null without one. */
  readonly skewMs: number | null;
}

export type Answer = Answered | { readonly kind: 'silent'; readonly waitedMs: number } | Broken;
interface Broken {
  readonly kind: 'broken';
  readonly code: string;
}

export interface Question {
  readonly path: string;
  readonly waitMs: number;
  readonly accept?: string;
  /** Of `Authorization`; null: none. */
  readonly authorization?: string | null;
}

/** One GET on a connection of its own. Never rejects. */
export function ask({ host, port, trust }: Peer, question: Question): Promise<Answer> {
  const { path, waitMs, accept = 'application/xml, application/json', authorization = null } = question;
  const askedAt = Date.now();
  return new Promise((resolve) => {
    const options = {
      host,
      port,
      path,
      agent: false,
      headers: { accept, ...(authorization === null ? {} : { authorization }) },
    };
    const request =
      trust === null
        ? http.request(options)
        : https.request({
            ...options,
            rejectUnauthorized: trust.verify,
            ...(trust.ca === undefined ? {} : { ca: trust.ca }),
          });
    const finish = (answer: Answer): void => {
      clearTimeout(timer);
      request.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish({ kind: 'silent', waitedMs: waitMs }), waitMs);
    const broken = (error: NodeJS.ErrnoException): void =>
      finish({ kind: 'broken', code: error.code ?? error.message });
    request.on('error', broken);
    request.on('response', (response) => {
      const skewMs = skewOf(response.headers.date, askedAt, Date.now());
      const chunks: Buffer[] = [];
      let bytes = 0;
      const done = (): void =>
        finish({
          kind: 'answered',
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          body: Buffer.concat(chunks),
          skewMs,
        });
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.byteLength;
        if (bytes > answerBytesMax) done();
      });
      response.on('end', done);
      response.on('error', broken);
    });
    request.end();
  });
}

/** Against the middle of asking and hearing; what lies between those proves nothing, and Date has whole seconds. */
function skewOf(date: string | undefined, askedAt: number, heardAt: number): number | null {
  const theirs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return null;
  if (theirs + 1000 > askedAt && theirs < heardAt) return 0;
  return theirs + 500 - (askedAt + heardAt) / 2;
}
