/**
 * What the demo is played on: a simulated pair on loopback, the gateway in front of it with an embedded journal in a
 * directory of its own, and an orchestrator. All of it is in this process, and all of it is gone after `close`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
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
    const reading = readConfig({ environment: settingsFor(pair, directory) });
    if ('errors' in reading)
      throw new Error(`defect: the demo's own configuration is refused: ${refusalText(reading)}`);
    const gateway = stack.use(await startGateway(reading.config, pino({ level: 'error' }, pino.destination(2))));
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

/** The gateway's defaults where they matter, at the demo's time scale. */
function settingsFor(pair: SimulatedPair, directory: string): Record<string, string> {
  return {
    NORTHGATE_NORTHBOUND_HOST: '127.0.0.1',
    NORTHGATE_NORTHBOUND_PORT: '0',
    NORTHGATE_OPS_PORT: '0',
    NORTHGATE_ESC_VIP: pair.vip,
    NORTHGATE_ESC_NODES: pair.nodes.join(','),
    NORTHGATE_ESC_REST_SCHEME: pair.scheme,
    NORTHGATE_ESC_REST_PORT: String(pair.ports.rest),
    NORTHGATE_ESC_HEALTH_SCHEME: pair.scheme,
    NORTHGATE_ESC_HEALTH_PORT: String(pair.ports.health),
    NORTHGATE_ESC_HEALTH_INTERVAL: '50ms',
    // Not scaled in full: this process plays ESC too, and its own pauses must not look like ESC's silence.
    NORTHGATE_ESC_HEALTH_TIMEOUT: '250ms',
    NORTHGATE_ESC_TIMEOUTS_CONNECT: '1s',
    NORTHGATE_REPLAY_RAMP_UP: '500ms',
    NORTHGATE_DRAIN_TIMEOUT: '0s',
    NORTHGATE_JOURNAL_URL: `sqlite:${join(directory, 'northgate.db')}`,
  };
}
