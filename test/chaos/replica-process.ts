/**
 * A program: one replica, as `northgate serve` runs it but for what is short here: its lease, and the time between
 * trials of maintenance. Its settings come by the environment, its log goes to a file, and it ends with whoever started it.
 */
import { destination, pino } from 'pino';
import { startGateway } from '../../src/app.ts';
import { readConfig, refusalText } from '../../src/config/reader.ts';

const { CHAOS_SETTINGS = '{}', CHAOS_LOG = '/dev/null', CHAOS_LEASE_MS = '2000' } = process.env;

/** A trial of whether maintenance is over, more often than it is made in earnest. */
const maintenanceTrialMs = 1_000;

const log = pino({ level: 'debug' }, destination({ dest: CHAOS_LOG, append: true, sync: true }));
process.once('disconnect', () => process.exit(3));
const reading = readConfig({ environment: JSON.parse(CHAOS_SETTINGS) });
if ('errors' in reading) throw new Error(refusalText(reading));
try {
  const gateway = await startGateway(reading.config, log, {
    leaseTtlMs: Number(CHAOS_LEASE_MS),
    maintenanceTrialMs,
  });
  process.once('SIGTERM', () => {
    log.info('told to end');
    // The channel would keep the process alive.
    void gateway.close().then(() => process.exit(0));
  });
  process.send?.('listening');
} catch (error) {
  log.error({ err: error }, 'the gateway cannot start');
  process.exit(1);
}
