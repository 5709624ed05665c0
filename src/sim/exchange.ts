// One HTTP exchange with a node: its body read within a limit, its answer written, and the faults that spoil either. It
// does not know what a request means. A node whose life has ended answers nothing.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe } from './events.ts';
import type { Fault } from './faults.ts';
import type { Life } from './life.ts';
import type { SimNode } from './node.ts';
import type { Profiles } from './profiles.ts';
import type { Resource } from './resources.ts';
import type { Wire } from './wire.ts';
import { type Element, renderXml } from './xml.ts';

/** One request on its way, its body complete. */
export type Exchange = {
  request: IncomingMessage;
  response: ServerResponse;
  node: SimNode;
  life: Life;
  wire: Wire;
  method: string;
  path: string;
  body: string;
  /** Made by ESC for every request that arrives. */
  transaction: string;
};

export type Answer = { status: number; contentType: string; body: string; headers?: Record<string, string> };

/** The whole body, or why there is none. A client that leaves before the end of its request leaves none. */
export function readBody(request: IncomingMessage, bodyMaxBytes: number): Promise<string | 'left' | 'too-large'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bodyMaxBytes) resolve('too-large');
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', () => resolve('left'));
    request.on('close', () => resolve('left'));
  });
}

/** What an application container says before its application is there: a page for people. */
export function containerAnswer(kind: Profiles['containerAnswer'], count: number): Answer {
  const isMissing = kind === 'not-found' || (kind === 'alternating' && count % 2 === 0);
  const [status, title] = isMissing ? [404, 'Not Found'] : [503, 'Service Unavailable'];
  const body = `<!doctype html><html lang="en"><head><title>HTTP Status ${status} – ${title}</title></head><body><h1>HTTP Status ${status} – ${title}</h1></body></html>`;
  return { status: Number(status), contentType: 'text/html;charset=utf-8', body };
}

/** An error of ESC itself. Its real form is not known (reference/esc.md 1.6); nothing should depend on it. */
export function errorAnswer(status: number, message: string): Answer {
  return { status, contentType: 'application/xml', body: renderXml('error', { message }) };
}

/** The immediate answer to a request that was taken: accepted, not done. */
export function acceptedAnswer(resource: Resource, { acceptedStatus, resourceState }: Profiles): Answer {
  const body = renderXml(resource.type, describe(resource, resourceState === 'shown'));
  return { status: acceptedStatus, contentType: 'application/xml', body };
}

/** A document in the form that was asked for. */
export function documentAnswer(root: string, content: Element, isJson: boolean): Answer {
  return isJson
    ? { status: 200, contentType: 'application/json', body: JSON.stringify(content) }
    : { status: 200, contentType: 'application/xml', body: renderXml(root, content) };
}

/** Writes an answer. Resolves when it is out or its client has gone, if `isAwaited`; else at once. */
export async function send(exchange: Exchange, answer: Answer, isAwaited = false): Promise<void> {
  const { response, life } = exchange;
  if (!life.isAlive || response.destroyed) return;
  response.writeHead(answer.status, {
    'Content-Type': answer.contentType,
    'Content-Length': Buffer.byteLength(answer.body),
    ...answer.headers,
  });
  if (!isAwaited) return void response.end(answer.body);
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.end(answer.body, resolve);
  });
}

/** Waits inside the node, frozen while the node is. Never resolves once its life has ended. */
export function wait(life: Life, delayMs: number): Promise<void> {
  return delayMs > 0 ? new Promise((resolve) => life.after(delayMs, resolve)) : Promise.resolve();
}

/** Plays a fault that comes before the execution. Whether the request goes on to be executed. */
export async function playBefore(fault: Fault, exchange: Exchange): Promise<'go-on' | 'done'> {
  if (fault.fault === 'status') {
    const page = containerAnswer(fault.status === 404 ? 'not-found' : 'unavailable', 0);
    const answer = fault.html ? page : errorAnswer(fault.status, 'an error by injection');
    await send(exchange, { ...answer, status: fault.status });
    return 'done';
  }
  if (!('when' in fault) || fault.when === 'after') return 'go-on';
  if (fault.fault === 'delay') {
    await wait(exchange.life, fault.delayMs);
    return 'go-on';
  }
  breakOff(fault.fault, exchange);
  return 'done';
}

/** Plays a fault that comes between execution and answer. Whether the answer is still to be sent. */
export async function playAfter(fault: Fault, exchange: Exchange, answer: Answer): Promise<'go-on' | 'done'> {
  const { response } = exchange;
  if (fault.fault === 'cut') {
    response.writeHead(answer.status, { 'Content-Length': Buffer.byteLength(answer.body) + 64, ...answer.headers });
    response.write(answer.body.slice(0, Math.ceil(answer.body.length / 2)), () => response.socket?.destroy());
    return 'done';
  }
  if (fault.fault === 'junk') {
    response.socket?.write('\u0000\u0001 this is not HTTP \r\n\r\n', () => response.socket?.end());
    return 'done';
  }
  if (!('when' in fault) || fault.when === 'before') return 'go-on';
  if (fault.fault === 'delay') {
    await wait(exchange.life, fault.delayMs);
    return 'go-on';
  }
  breakOff(fault.fault, exchange);
  return 'done';
}

function breakOff(how: 'reset' | 'close' | 'hang', { wire, response }: Exchange): void {
  if (how === 'reset') wire.reset();
  if (how === 'close') response.socket?.destroy();
}
