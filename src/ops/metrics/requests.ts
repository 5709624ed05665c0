/**
 * Requests of clients as they were answered. The method and the class of the status are all that is told of one: paths,
 * clients and ids would be series without end.
 */
import type { ServerResponse } from 'node:http';
import type { Instruments } from './instruments.ts';

const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const known: ReadonlySet<string> = new Set(methods);
/** To 30 minutes: a client may be kept waiting for a whole switchover. */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 60, 120, 240, 360, 600, 1800];
const proxiedMethods = ['GET', 'POST', 'PUT', 'DELETE'];
const classes = ['2xx', '4xx', '5xx'];

export class RequestMetrics {
  readonly #requests;
  readonly #durations;

  constructor(instruments: Instruments) {
    this.#requests = instruments.counter({
      name: 'requests_total',
      help: 'Requests on the northbound listener: for ESC, or for the gateway itself. Class none: its client left before the answer.',
      labels: ['method', 'status_class', 'target'],
      from: proxiedMethods.flatMap((method) =>
        classes.map((status_class) => ({ method, status_class, target: 'esc' })),
      ),
    });
    this.#durations = instruments.histogram(
      {
        name: 'request_seconds',
        help: 'Requests on the northbound listener from their head to the end of their answer.',
        labels: ['target'],
        from: [{ target: 'esc' }, { target: 'gateway' }],
      },
      requestBuckets,
    );
  }

  /** A request has come; it is counted when its answer has gone. */
  came(
    { method = '', url = '' }: { method?: string | undefined; url?: string | undefined },
    response: ServerResponse,
  ): void {
    const beganAt = performance.now();
    const target = url.startsWith('/northgate/') ? 'gateway' : 'esc';
    response.once('close', () => {
      const isAnswered = response.headersSent;
      this.#requests.inc({
        method: known.has(method) ? method : 'other',
        status_class: isAnswered ? `${Math.floor(response.statusCode / 100)}xx` : 'none',
        target,
      });
      this.#durations.observe({ target }, (performance.now() - beganAt) / 1000);
    });
  }
}
