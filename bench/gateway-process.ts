/**
 * A program: the gateway that is measured, as `northgate serve` runs it, with its log at the default level written to the
 * null device. Started with the question `start`; it tells of its own CPU time and memory.
 */
import { devNull } from 'node:os';
import { destination, pino } from 'pino';
import { type Gateway, startGateway } from '../src/app.ts';
import { readConfig, refusalText } from '../src/config/reader.ts';
import { answerQuestions } from './child.ts';
import { unjournaled } from './unjournaled.ts';

export interface GatewayStart {
  /** `NORTHGATE_…` variables. */
  readonly settings: Readonly<Record<string, string>>;
  readonly isJournaled: boolean;
}

export interface GatewayState {
  readonly isOpen: boolean;
  readonly epoch: number;
  /** Since when ESC is ready; null while it is not. */
  readonly readyAt: number | null;
}

export interface Usage {
  readonly cpuMicros: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Memory of buffers, which is not on the heap. */
  readonly bufferBytes: number;
}

let gateway: Gateway | null = null;

function running(): Gateway {
  if (gateway === null) throw new Error('the gateway is not started');
  return gateway;
}

answerQuestions(
  {
    async start({ settings, isJournaled }: GatewayStart) {
      const reading = readConfig({ environment: settings });
      if ('errors' in reading) throw new Error(refusalText(reading));
      const log = pino({ level: reading.config.log.level }, destination({ dest: devNull, sync: false }));
      gateway = await startGateway(reading.config, log, isJournaled ? {} : { open: async () => unjournaled() });
      return gateway.northbound.port;
    },
    state: (): GatewayState => {
      const { coordinator } = running();
      return { isOpen: coordinator.isOpen, epoch: coordinator.epoch, readyAt: coordinator.state.readyAt };
    },
    opsPort: () => running().ops.port,
    counts: () => running().journal.counts(),
    /** Whatever is done, the oldest first. */
    prune: (limit: number) => running().journal.prune(Date.now(), limit),
    usage(isCollected: boolean): Usage {
      if (isCollected) for (let times = 0; times < 3; times += 1) global.gc?.();
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
      return { cpuMicros: user + system, rssBytes: rss, heapBytes: heapUsed, bufferBytes: arrayBuffers };
    },
  },
  async () => gateway?.close(),
);
