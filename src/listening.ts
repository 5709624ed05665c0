/** Opens what orchestrators and ESC call: the northbound listener, and the callbacks' own where there is one. */
import type { Logger } from 'pino';
import type { Receiver } from './callbacks/receive.ts';
import type { Config } from './config/schema.ts';
import { listenCallbacks } from './http/callback-listener.ts';
import { callbackRoutes } from './http/callback-routes.ts';
import { identifier } from './http/clients.ts';
import { listenNorthbound, type RenewableListener } from './http/northbound-listener.ts';
import { ownRoutes } from './http/own-routes.ts';
import { requestRate } from './http/request-rate.ts';
import type { Journal } from './journal/journal.ts';
import type { Comeback } from './northbound/comeback.ts';
import type { Pass } from './northbound/pass.ts';
import type { Transact } from './northbound/transact.ts';
import type { Metrics } from './ops/metrics.ts';
import { clientRules } from './parts.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface Serving {
  readonly log: Logger;
  readonly transact: Transact;
  readonly pass: Pass;
  readonly receiver: Receiver;
  readonly journal: Journal;
  /** The parsed `openapi/northbound.yaml`. */
  readonly document: object;
  readonly comeback: Comeback;
  readonly tracing: Tracing | null;
  readonly metrics: Metrics;
}

export interface Listening {
  readonly northbound: RenewableListener;
  /** Null: reports come to the northbound listener. */
  readonly callbacks: RenewableListener | null;
}

/** Rejects if an address cannot be had. */
export async function listenNorth(config: Config, serving: Serving): Promise<Listening> {
  const { log, transact, pass, receiver, journal, document, comeback, tracing, metrics } = serving;
  const identify = identifier(clientRules(config, { log, journal }));
  const escHosts = [config.esc.vip, ...config.esc.nodes];
  const scheme = config.northbound.tls.cert === undefined ? 'http' : 'https';
  const reports = { receiver, bodyBytesMax: config.limits.bodyBytes, log };
  const northbound = await listenNorthbound({
    config,
    log,
    transact,
    pass,
    identify,
    escHosts,
    countRequest: requestRate(config.limits.requestsPerSecond),
    tracing,
    onRequest: (request, response) => metrics.requests.came(request, response),
    routes: (own) => {
      ownRoutes(own, { journal, identify, escHosts, scheme, document, comeback, log });
      if (config.callbacks.port === undefined) callbackRoutes(own, reports);
    },
  });
  log.info({ listener: 'northbound', url: northbound.url }, 'listening');
  return { northbound, callbacks: await listenCallbacks({ config, ...reports }) };
}
