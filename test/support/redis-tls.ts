/**
 * Certificates for Redis servers on loopback, which ask their clients for one: each its own authority.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '../config/certificate.ts';

export interface RedisTls extends AsyncDisposable {
  /** For redis.conf. */
  readonly lines: readonly string[];
  /** For redis-cli. */
  readonly toolOptions: readonly string[];
  /** For `journal.tls`, of a gateway that Redis knows. */
  readonly client: { readonly ca: string; readonly cert: string; readonly key: string };
}

export async function makeRedisTls(): Promise<RedisTls> {
  const directory = await mkdtemp(join(tmpdir(), 'northgate-tls-'));
  const server = makeCertificate('redis', ['127.0.0.1']);
  const client = makeCertificate('gateway');
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text);
    return join(directory, name);
  };
  const certFile = await file('server.pem', server.cert);
  const keyFile = await file('server.key', server.key);
  return {
    toolOptions: ['--tls', '--cacert', certFile, '--cert', certFile, '--key', keyFile],
    lines: [
      `tls-cert-file ${certFile}`,
      `tls-key-file ${keyFile}`,
      `tls-ca-cert-file ${await file('known.pem', `${server.cert}${client.cert}`)}`,
      'tls-auth-clients yes',
    ],
    client: { ca: server.cert, cert: client.cert, key: client.key },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
