/** The configuration of the replicas, read as any other: that of a chaos run, on addresses that nobody opens. */
import { readConfig, refusalText } from '../../src/config/reader.ts';
import type { Config } from '../../src/config/schema.ts';
import { healthPort, nodes, restPort, vip } from './places.ts';
import { connectTimeoutMs, responseTimeoutMs } from './times.ts';

/** What may end without being observed does so soon. */
const policies = [
  { method: 'POST', path: '/ESCManager/v0/{tenant}/deployments/service/{deployment}', completeWithin: '8s' },
  { method: 'PUT', path: '/ESCManager/v0/{tenant}/deployments/{deployment}', completeWithin: '10s' },
];

/** @throws Error that names the key of a wrong setting. */
export function settings(): Config {
  const reading = readConfig({
    environment: {
      NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
      NORTHGATE_ESC_VIP: vip,
      NORTHGATE_ESC_NODES: nodes.join(','),
      NORTHGATE_ESC_REST_SCHEME: 'http',
      NORTHGATE_ESC_REST_PORT: String(restPort),
      NORTHGATE_ESC_HEALTH_SCHEME: 'http',
      NORTHGATE_ESC_HEALTH_PORT: String(healthPort),
      NORTHGATE_ESC_HEALTH_INTERVAL: '150ms',
      NORTHGATE_ESC_HEALTH_TIMEOUT: '300ms',
      NORTHGATE_ESC_TIMEOUTS_CONNECT: `${connectTimeoutMs}ms`,
      NORTHGATE_ESC_TIMEOUTS_RESPONSE: `${responseTimeoutMs}ms`,
      NORTHGATE_REPLAY_RAMP_UP: '500ms',
      NORTHGATE_REPLAY_STUCK_AFTER: '1s',
      NORTHGATE_COMPLETION_ASK_AFTER: '500ms',
      NORTHGATE_HOLD_TIMEOUT: '6s',
      NORTHGATE_DRAIN_TIMEOUT: '1s',
      NORTHGATE_JOURNAL_URL: 'redis://127.0.0.1:6379',
      NORTHGATE_JOURNAL_KEY: Buffer.alloc(32, 7).toString('base64'),
      NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
      NORTHGATE_CALLBACKS_PUBLIC_URL: 'http://127.0.0.1:2',
      NORTHGATE_POLICIES: JSON.stringify(policies),
    },
  });
  if ('errors' in reading) throw new Error(refusalText(reading));
  return reading.config;
}
