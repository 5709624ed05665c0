/**
 * What the parts are made from, taken out of the configuration: trust, accounts, keys, and the two parts that need most
 * of it. It starts nothing; `app.ts` does.
 */

import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { ReportingTo } from './callbacks/outgoing.ts';
import { Tokens } from './callbacks/token.ts';
import type { Config } from './config/schema.ts';
import type { ClientRules } from './http/clients.ts';
import type { Journal } from './journal/journal.ts';
import { readKeyFile } from './journal/key-file.ts';
import { Coordinator, type CoordinatorOptions } from './pair/coordinator.ts';
import type { OpenTracingOptions } from './tracing/open.ts';
import type { Tracing } from './tracing/tracing.ts';
import type { TlsTrust } from './upstream/sockets.ts';
import { Upstream } from './upstream/upstream.ts';

/** Of Northgate, as its package says. */
export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const upstreamConnectionsMax = 64;
const answerBytesMax = 64 * 1024 * 1024;

export function makeCoordinator(
  config: Config,
  others: Pick<CoordinatorOptions, 'log' | 'journal' | 'sleepMs' | 'isCovered'>,
): Coordinator {
  const { vip, nodes, health, timeouts, rest } = config.esc;
  return new Coordinator({
    ...others,
    vip,
    nodes,
    probe: {
      port: health.port,
      path: health.path,
      trust: trustOf(config, health.scheme),
      authorization: ownAccount(config),
      timeoutMs: health.timeoutMs,
      intervalMs: health.intervalMs,
    },
    rest: { host: vip, port: rest.port, trust: trustOf(config, rest.scheme), connectTimeoutMs: timeouts.connectMs },
    rules: { rise: health.rise, fall: health.fall, settleMs: health.settleMs },
  });
}

export function makeUpstream(config: Config, coordinator: Coordinator): Upstream {
  const { vip, rest, timeouts } = config.esc;
  return new Upstream({
    host: vip,
    port: rest.port,
    trust: trustOf(config, rest.scheme),
    connectTimeoutMs: timeouts.connectMs,
    connectionsMax: upstreamConnectionsMax,
    answerBytesMax,
    admit: (certificate) => coordinator.refusalOf(certificate),
    onBadSign: (evidence) => coordinator.badSign(evidence),
  });
}

/** Null without `tracing.endpoint`: then nothing of OpenTelemetry is even loaded. */
export async function tracingOf(
  { esc: { vip, rest }, tracing: { endpoint } }: Config,
  others: Pick<OpenTracingOptions, 'replica' | 'log' | 'document' | 'onExported'>,
): Promise<Tracing | null> {
  if (endpoint === undefined) return null;
  const { openTracing } = await import('./tracing/open.ts');
  return openTracing({ ...others, endpoint, version, esc: { scheme: rest.scheme, host: vip, port: rest.port } });
}

/** What an operator should know that it runs with. */
export async function warningsOf({ journal: { plaintext, key } }: Config, journal: Journal): Promise<string[]> {
  const { kept, detail } = await journal.durability();
  const isPlain = plaintext && key === undefined;
  return [
    ...(kept ? [] : [detail]),
    ...(isPlain ? ['journal.plaintext: bodies and credentials are not encrypted'] : []),
  ];
}

function trustOf({ esc }: Config, scheme: string): TlsTrust | null {
  if (scheme === 'http') return null;
  return { verify: esc.tls.verify, ...(esc.tls.ca === undefined ? {} : { ca: esc.tls.ca }) };
}

export function ownAccount({ esc }: Config): string | null {
  if (esc.username === undefined) return null;
  return `Basic ${Buffer.from(`${esc.username}:${esc.password ?? ''}`).toString('base64')}`;
}

export function clientRules(config: Config, { log, journal }: { log: Logger; journal: Journal }): ClientRules {
  return {
    log,
    clients: config.northbound.clients,
    authorization: ownAccount(config),
    identityKey: journal.digests.key,
  };
}

/** What callback tokens are keyed with: the journal's own key, where it has one. */
function journalKey({ journal: { url, key, name } }: Config): Uint8Array {
  return key ?? (url.kind === 'sqlite' ? readKeyFile(`${url.path}.key`) : null) ?? Buffer.from(name);
}

/** Tokens made with an earlier key still hold, also with that of the key file if a key was configured since. */
export function tokensOf(config: Config): Tokens {
  const { url, oldKeys } = config.journal;
  const fromFile = url.kind === 'sqlite' ? readKeyFile(`${url.path}.key`) : null;
  return new Tokens(journalKey(config), fromFile === null ? oldKeys : [...oldKeys, fromFile]);
}

/** Where ESC reports to; null: it reports to clients itself, and completion is found by looking. */
export function reportingToOf(config: Config): ReportingTo | null {
  const { publicUrl } = config.callbacks;
  return publicUrl === undefined ? null : { publicUrl, tokens: tokensOf(config) };
}
