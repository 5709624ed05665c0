/**
 * `northgate serve`: the gateway in this process. SIGTERM and SIGINT drain it and end with 0; a second one ends at once
 * with 1. A defect that nobody caught ends the process: the journal is why that is safe.
 */
import { Command } from 'commander';
import type { Logger } from 'pino';
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
  const { CertificateRenewal } = await import('./certificate-renewal.ts');
  const reading = readConfig({ file, environment: process.env });
  if ('errors' in reading) throw new Failure(2, refusalText(reading).trimEnd());
  const log = makeLog(reading.config.log);
  endOnDefects(log);
  for (const warning of reading.warnings) log.warn({ warning }, `configuration: ${warning}`);

  const stopped = untilSignal(log);
  // Before there are listeners, and when they close: by default it would end the process.
  process.on('SIGHUP', () => undefined);
  const gateway = await startGateway(reading.config, log).catch((error: unknown) => {
    log.fatal({ err: error }, 'the gateway cannot start');
    throw new Failure(1, `the gateway cannot start: ${error instanceof Error ? error.message : String(error)}`, error);
  });
  const renewal = new CertificateRenewal({ file, gateway, log });
  renewal.start();
  const signal = await stopped;
  renewal.close();
  log.info({ signal }, 'draining: what is in flight may end, the rest stays in the journal');
  await gateway.close();
  log.info('the gateway has ended');
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
