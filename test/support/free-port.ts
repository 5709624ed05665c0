/**
 * A port on 127.0.0.1 for who must know it before it listens, or listens on it again after a while. It lies below the
 * range from which the kernel serves `listen(0)` and outgoing connections, so none of those takes it meanwhile.
 * Invariant: no two test processes that run at once draw from the same block, and none draws a port twice.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Linux begins its range at 32768, others later (ip(7), `ip_local_port_range`). */
const portMin = 20_000;
const portMax = 32_000;
const blockPorts = 50;
const blocks = (portMax - portMin) / blockPorts;

/** Whoever listens on a block's first port has the block; the kernel gives it back when the process ends. */
const claims: Server[] = [];
let next = 0;
let end = 0;
/** Two who draw at once would claim two blocks, or get one port. */
let turn: Promise<unknown> = Promise.resolve();

/** A port that nobody has, and that only this process will be given. */
export function freePort(): Promise<number> {
  const drawn = turn.then(draw);
  turn = drawn.catch(() => undefined);
  return drawn;
}

async function draw(): Promise<number> {
  for (;;) {
    if (next === end) await claimBlock();
    const port = next;
    next += 1;
    const server = await listen(port);
    if (server === null) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Begins at a block by chance: what ended a moment ago may still have connections that close. */
async function claimBlock(): Promise<void> {
  const start = Math.floor(Math.random() * blocks);
  for (let step = 0; step < blocks; step += 1) {
    const first = portMin + ((start + step) % blocks) * blockPorts;
    const claim = await listen(first);
    if (claim === null) continue;
    claims.push(claim.unref());
    next = first + 1;
    end = first + blockPorts;
    return;
  }
  throw new Error(`every block of ports from ${portMin} to ${portMax} is taken`);
}

async function listen(port: number): Promise<Server | null> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return null;
  }
}
