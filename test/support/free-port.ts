/**
 * A port on 127.0.0.1 for who must know it before it listens, or listens on it again after a while. It lies below the
 * range from which the kernel serves `listen(0)` and outgoing connections, so none of those takes it meanwhile.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Linux begins its range at 32768, others later (ip(7), `ip_local_port_range`). */
const portMin = 20_000;
const portMax = 32_000;
const attemptsMax = 100;

/** A port that nobody has at the moment; drawn by chance, so that test processes beside this one draw others. */
export async function freePort(): Promise<number> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (await isFree(port)) return port;
  }
  throw new Error(`${attemptsMax} ports from ${portMin} on are all taken`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
