/**
 * What the demo is played on: a simulated pair on loopback, the gateway in front of it with an embedded journal in a
 * directory of its own, and an orchestrator. All of it is in this process, and all of it is gone after `close`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Gateway, startGateway } from '../../app.ts';
import { readConfig, refusalText } from '../../config/reader.ts';
import { type SimulatedPair, startPair } from '../../sim/pair.ts';
import { Orchestrator } from './orchestrator.ts';

export interface Stage {
  readonly pair: SimulatedPair;
  readonly gateway: Gateway;
  readonly orchestrator: Orchestrator;
  close(): Promise<void>;
}

/**
 * `timeScale`: seconds of the demo for one of a real pair. Rejects with a sentence for people if an address or port
 * cannot be had; then nothing stays behind.
 */
export async function startStage(timeScale: number): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  try {
    const directory = await mkdtemp(join(tmpdir(), 'northgate-demo-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const pair = stack.use(await startSimulatedPair(timeScale));
    const gateway = stack.use(await startOwnGateway(pair, directory));
    const orchestrator = new Orchestrator();
    stack.defer(() => orchestrator.close());
    await orchestrator.start(gateway.northbound.url);
    return { pair, gateway, orchestrator, close: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function startSimulatedPair(timeScale: number): Promise<SimulatedPair> {
  try {
    return await startPair({ timeScale, controlPort: 0, restPort: 0, healthPort: 0 });
  } catch (error) {
    const advice =
      'the simulated pair needs the loopback addresses 127.0.0.10 to 127.0.0.12; where the system has only 127.0.0.1 (macOS), add them first: sudo ifconfig lo0 alias 127.0.0.10, and so on';
    throw new Error(`${error instanceof Error ? error.message : String(error)}; ${advice}`, { cause: error });
  }
}

/** ESC is told the gateway's own port before the gateway has it, so another process may be quicker: then another port. */
async function startOwnGateway(pair: SimulatedPair, directory: string): Promise<Gateway> {
  for (let trial = 1; ; trial += 1) {
    const reading = readConfig({ environment: settingsFor(pair, directory, await freePort()) });
    if ('errors' in reading)
      throw new Error(`defect: the demo's own configuration is refused: ${refusalText(reading)}`);
    try {
      return await startGateway(reading.config, pino({ level: 'error' }, pino.destination(2)));
    } catch (error) {
      if (trial === portTrialsMax) throw error;
    }
  }
}

const portTrialsMax = 3;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** The gateway's defaults where they matter, at the demo's time scale. */
function settingsFor(pair: SimulatedPair, directory: string, port: number): Record<string, string> {
  return {
    NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
    NORTHGATE_NORTHBOUND_PORT: String(port),
    NORTHGATE_CALLBACKS_PUBLIC_URL: `http://127.0.0.1:${port}`,
    // The orchestrator is on loopback, which is called only where it is named.
    NORTHGATE_CALLBACKS_ALLOW: '127.0.0.1',
    // ESC's reports queue up when it is asked for hundreds of networks within two seconds.
    NORTHGATE_COMPLETION_ASK_AFTER: '3s',
    // More than ESC ever takes for a deployment here, which is 17 s of a real pair.
    NORTHGATE_REPLAY_STUCK_AFTER: '2s',
    NORTHGATE_OPS_PORT: '0',
    NORTHGATE_ESC_VIP: pair.vip,
    NORTHGATE_ESC_NODES: pair.nodes.join(','),
    NORTHGATE_ESC_REST_SCHEME: pair.scheme,
    NORTHGATE_ESC_REST_PORT: String(pair.ports.rest),
    NORTHGATE_ESC_HEALTH_SCHEME: pair.scheme,
    NORTHGATE_ESC_HEALTH_PORT: String(pair.ports.health),
    NORTHGATE_ESC_HEALTH_INTERVAL: '50ms',
    // Not scaled in full: this process plays ESC too, and its own pauses must not look like ESC's silence.
    NORTHGATE_ESC_HEALTH_TIMEOUT: '1s',
    NORTHGATE_ESC_TIMEOUTS_CONNECT: '5s',
    NORTHGATE_REPLAY_RAMP_UP: '500ms',
    NORTHGATE_DRAIN_TIMEOUT: '0s',
    NORTHGATE_JOURNAL_URL: `sqlite:${join(directory, 'northgate.db')}`,
  };
}
