/**
 * Holds every answer that a gateway in this process gives against its OpenAPI documents, whoever asks and however: it is
 * read where Node's server writes it. Nothing is changed on its way. What Node's parser refuses never comes to be a
 * request here; `raw-client.ts` checks those. Complaints are told when the gateway closes, to the test that had it.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Gateway } from '../../src/app.ts';
import { complaintsOf, type DocumentName } from './document-check.ts';
import { readHead } from './echo-esc.ts';

interface Watch {
  readonly name: DocumentName;
  readonly complaints: string[];
}

/** Larger bodies are not looked at; those of the documents are small. */
const bodyMaxBytes = 4 * 1024 * 1024;
const complaintsShownMax = 10;

/** By address and port, while their gateway runs. */
const watches = new Map<string, Watch>();

/** The same gateway, whose `close` rejects if an answer was not as the documents say. */
export function watched(gateway: Gateway): Gateway {
  const complaints: string[] = [];
  const listeners = [
    [gateway.northbound, 'northbound'],
    [gateway.ops, 'ops'],
  ] as const;
  for (const [{ host, port }, name] of listeners) watches.set(`${host}:${port}`, { name, complaints });
  const close = async (): Promise<void> => {
    await gateway.close();
    for (const [{ host, port }] of listeners) watches.delete(`${host}:${port}`);
    const told = complaints.splice(0);
    if (told.length > 0) throw new Error(told.slice(0, complaintsShownMax).join('\n'));
  };
  return { ...gateway, close, [Symbol.asyncDispose]: close };
}

interface Started {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

subscribe('http.server.request.start', (message) => {
  const { request, response, server } = message as Started;
  const { address, port } = (server.address() ?? {}) as Partial<AddressInfo>;
  const watch = watches.get(`${address}:${port}`);
  if (watch !== undefined) follow(watch, request, response);
});

type Write = (chunk: unknown, ...rest: unknown[]) => never;

function follow({ name, complaints }: Watch, request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const seen = (chunk: unknown, encoding: unknown): void => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : Buffer.from(chunk);
    length += bytes.byteLength;
    if (length <= bodyMaxBytes) chunks.push(bytes);
  };
  for (const method of ['write', 'end'] as const) {
    const write = response[method].bind(response) as Write;
    response[method] = ((chunk: unknown, ...rest: unknown[]) => {
      seen(chunk, rest[0]);
      return write(chunk, ...rest);
    }) as never;
  }
  response.once('close', () => {
    // The head as it was written; there is no public way to it where the fields were given as a list.
    const head = (response as unknown as { _header: string | null })._header;
    if (head === null || request.url === undefined) return;
    const { headers } = readHead(head.trimEnd());
    const isWhole = response.writableFinished && request.method !== 'HEAD' && length <= bodyMaxBytes;
    const body = isWhole ? Buffer.concat(chunks) : null;
    const { method = '', url: path } = request;
    complaints.push(...complaintsOf(name, { method, path, status: response.statusCode, headers, body }));
  });
}

const encodingOf = (encoding: unknown): BufferEncoding =>
  typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8';
