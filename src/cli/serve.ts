/**
 * `northgate serve`: the gateway in this process. SIGTERM and SIGINT drain it and end with 0; a second one ends at once
 * with 1. A defect that nobody caught ends the process: the journal is why that is safe.
 */
import { Command } from 'commander';
import type { Logger } from 'pino';
import type { Gateway } from '../app.ts';
import { Failure } from './failure.ts';

export const serveCommand = (): Command =>
  new Command('serve')
    .description('run the gateway')
    .option('--config <file>', 'a YAML file; else NORTHGATE_CONFIG, else the environment alone')
    .action((options) => serve(options.config));

async function serve(file: string | undefined): Promise<void> {
  const { readConfig, refusalText } = await import('../config/reader.ts');
  const { makeLog } = await import('./log.ts');
  const { startGateway } = await import('../app.ts');
  const reading = readConfig({ file, environment: process.env });
  if ('errors' in reading) throw new Failure(2, refusalText(reading).trimEnd());
  const log = makeLog(reading.config.log);
  endOnDefects(log);
  for (const warning of reading.warnings) log.warn({ warning }, `configuration: ${warning}`);

  const stopped = untilSignal(log);
  const gateway = await startGateway(reading.config, log).catch((error: unknown) => {
    log.fatal({ err: error }, 'the gateway cannot start');
    throw new Failure(1, `the gateway cannot start: ${error instanceof Error ? error.message : String(error)}`, error);
  });
  const renewal = renewing(file, gateway, log);
  const signal = await stopped;
  renewal.end();
  log.info({ signal }, 'draining: what is in flight may end, the rest stays in the journal');
  await gateway.close();
  log.info('the gateway has ended');
}

const renewalMs = 60_000;

/** Certificates that were renewed on disk are taken at SIGHUP, and within a minute without. Nothing else is read anew. */
function renewing(file: string | undefined, gateway: Gateway, log: Logger): { end(): void } {
  let inUse: string | null = null;
  const renew = async (): Promise<void> => {
    const { readConfig, refusalText } = await import('../config/reader.ts');
    const reading = readConfig({ file, environment: process.env });
    if ('errors' in reading) {
      log.error({ errors: refusalText(reading) }, 'certificates are not renewed: the configuration cannot be read');
      return;
    }
    const { northbound, ops } = reading.config;
    const found = JSON.stringify([northbound.tls, ops.tls]);
    if (found === inUse) return;
    try {
      gateway.renewCertificates({ northbound, ops });
      if (inUse !== null) log.info('certificates are renewed');
      inUse = found;
    } catch (error) {
      log.error({ err: error }, 'certificates are not renewed: a pair does not fit; those in use stay');
    }
  };
  const onSignal = (): void => void renew();
  const timer = setInterval(onSignal, renewalMs).unref();
  process.on('SIGHUP', onSignal);
  onSignal();
  return {
    end: () => {
      clearInterval(timer);
      process.off('SIGHUP', onSignal);
    },
  };
}

/** Resolves with the first signal; the second one does not wait for anything. */
function untilSignal(log: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isEnding = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (isEnding) {
        log.warn({ signal }, 'a second signal: ending at once');
        process.exit(1);
      }
      isEnding = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function endOnDefects(log: Logger): void {
  const end = (what: string) => (error: unknown) => {
    try {
      log.fatal({ err: error }, `${what}: the gateway ends; what it took is in the journal`);
    } finally {
      process.exit(1);
    }
  };
  process.on('uncaughtException', end('a defect that nothing caught'));
  process.on('unhandledRejection', end('a rejection that nobody handled'));
}
