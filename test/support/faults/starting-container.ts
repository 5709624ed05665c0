/** A page for people, with an error's status, from something that is not, or not yet, the server: the request goes no further. */
import type { Fault } from './fault.ts';

const titles = { 404: 'Not Found', 503: 'Service Unavailable' } as const;

export function startingContainer(status: keyof typeof titles): Fault {
  const page = `<!doctype html><html lang="en"><head><title>HTTP Status ${status}</title></head><body>${titles[status]}</body></html>`;
  const head = `HTTP/1.1 ${status} ${titles[status]}\r\nContent-Type: text/html;charset=utf-8\r\nContent-Length: ${Buffer.byteLength(page)}\r\n\r\n`;
  return {
    name: `starting-container-${status}`,
    ways: ['there'],
    async play(exchange) {
      exchange.toClient(Buffer.from(head + page));
    },
  };
}
