/**
 * How the gateway is set up in the lab: as shipped, but for addresses, for what a pair's own pace decides (scaled with
 * it), and for the interval that is measured.
 */
import { randomBytes } from 'node:crypto';
import { addresses, healthPort, restPort } from './network.ts';

export const northboundPort = 8080;
export const callbackPort = 9000;
export const redisPort = 6379;

/** How fast ESC is, and how often its health is asked. */
export interface Pace {
  /** ESC lives so many times as fast as in earnest. */
  readonly scale: number;
  /** As a configuration key takes it. */
  readonly interval: string;
}

const defaultsMs = { rampUp: 10_000, stuckAfter: 60_000, askAfter: 30_000, response: 60_000, deadline: 1_800_000 };
/** Of operations that cannot be looked at: after so long without a report they count as not observed. */
const operationWithin = '5s';
const operationPath = '/ESCManager/v0/{tenant}/deployments/service/{deployment}';

/** `certificateFile`: whom the gateway trusts, over HTTPS; null: plain HTTP. */
export function gatewaySettings({ scale, interval }: Pace, certificateFile: string | null): Record<string, string> {
  const scheme = certificateFile === null ? 'http' : 'https';
  const scaled = (name: keyof typeof defaultsMs): string => `${Math.round(defaultsMs[name] / scale)}ms`;
  return {
    NORTHGATE_NORTHBOUND_HOST: addresses.gateway,
    NORTHGATE_NORTHBOUND_PORT: String(northboundPort),
    NORTHGATE_OPS_PORT: '9080',
    NORTHGATE_ESC_VIP: addresses.vip,
    NORTHGATE_ESC_NODES: `${addresses.esc1},${addresses.esc2}`,
    NORTHGATE_ESC_REST_SCHEME: scheme,
    NORTHGATE_ESC_REST_PORT: String(restPort),
    NORTHGATE_ESC_HEALTH_SCHEME: scheme,
    NORTHGATE_ESC_HEALTH_PORT: String(healthPort),
    ...(certificateFile === null ? {} : { NORTHGATE_ESC_TLS_CA: certificateFile }),
    NORTHGATE_ESC_HEALTH_INTERVAL: interval,
    NORTHGATE_ESC_HEALTH_TIMEOUT: '1s',
    NORTHGATE_ESC_TIMEOUTS_RESPONSE: scaled('response'),
    NORTHGATE_JOURNAL_URL: `redis://${addresses.redis}:${redisPort}`,
    NORTHGATE_JOURNAL_KEY: randomBytes(32).toString('base64'),
    NORTHGATE_CALLBACKS_PUBLIC_URL: `http://${addresses.gateway}:${northboundPort}`,
    NORTHGATE_HOLD_TIMEOUT: '30s',
    NORTHGATE_REPLAY_RAMP_UP: scaled('rampUp'),
    NORTHGATE_REPLAY_STUCK_AFTER: scaled('stuckAfter'),
    NORTHGATE_REPLAY_DEADLINE: scaled('deadline'),
    NORTHGATE_COMPLETION_ASK_AFTER: scaled('askAfter'),
    NORTHGATE_DRAIN_TIMEOUT: '1s',
    NORTHGATE_POLICIES: JSON.stringify([{ method: 'POST', path: operationPath, completeWithin: operationWithin }]),
  };
}
