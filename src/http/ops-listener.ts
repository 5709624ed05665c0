/** The listener of operators, the console and monitoring. Never the northbound's port; without tokens only loopback. */
import type { AddressInfo } from 'node:net';
import type { RenewableListener } from './northbound-listener.ts';
import { makeOpsApp, type OpsAppOptions } from './ops-app.ts';
import { renewContext } from './secure-context.ts';

/** How long answers under way may take when the gateway ends; nothing here is worth more. */
const closeMaxMs = 1_000;

/** Rejects if the address cannot be had. */
export async function listenOps(options: OpsAppOptions): Promise<RenewableListener> {
  const { ops } = options.config;
  const app = await makeOpsApp(options);
  await app.listen({ host: ops.host, port: ops.port });
  const { address: host, port } = app.server.address() as AddressInfo;
  const scheme = ops.tls.cert === undefined ? 'http' : 'https';
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const close = async (): Promise<void> => {
    const timer = setTimeout(() => app.server.closeAllConnections(), closeMaxMs);
    await app.close();
    clearTimeout(timer);
  };
  return { host, port, url, close, renew: (tls) => renewContext(app.server, tls) };
}
