/**
 * Certificates of listeners that were renewed on disk: taken at SIGHUP, and by themselves a moment after the last of their files
 * has changed. Nothing else of the configuration is read anew. Invariant: what does not fit together is never used in part, so
 * that whoever writes certificate and key one after the other needs no other order.
 */
import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Gateway } from '../app.ts';
import { plain } from '../config/raw.ts';
import { type ConfigReading, type ConfigRefusal, readConfig, refusalText } from '../config/reader.ts';

export interface RenewalOptions {
  /** `--config`. */
  readonly file: string | undefined;
  readonly gateway: Pick<Gateway, 'renewCertificates'>;
  readonly log: Logger;
}

const lookMs = 1_000;
const ofListeners = /^(?:northbound|ops)\.tls\./;

export class CertificateRenewal {
  readonly #options: RenewalOptions;
  #inUse: string | null = null;
  #paths: readonly string[] = [];
  /** How the files were when they were last read, and at the last look. */
  #read = '';
  #seen = '';
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  readonly #onSignal = (): void => void this.#renew();

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  start(): void {
    process.on('SIGHUP', this.#onSignal);
    void this.#renew().then(() => this.#lookLater());
  }

  close(): void {
    this.#isClosed = true;
    process.off('SIGHUP', this.#onSignal);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #lookLater(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look().then(() => this.#lookLater()), lookMs).unref();
  }

  /** What changed since the last look may still be changing. */
  async #look(): Promise<void> {
    const found = await stampOf(this.#paths);
    const isStill = found === this.#seen;
    this.#seen = found;
    if (isStill && found !== this.#read) await this.#renew();
  }

  async #renew(): Promise<void> {
    const { file, gateway, log } = this.#options;
    const before = await stampOf(this.#paths);
    const reading = readConfig({ file, environment: process.env });
    const paths = pathsOf(reading, file);
    // Of a configuration that cannot be read the files are not known: those of the last one may be what is wrong.
    this.#read = 'errors' in reading ? before : await stampOf(paths);
    if (!('errors' in reading)) this.#paths = paths;
    this.#seen = this.#read;
    if ('errors' in reading) {
      log.error(
        { errors: refusalText(reading) },
        'certificates are not renewed, those in use stay: what is read is wrong',
      );
      return;
    }
    const { northbound, ops } = reading.config;
    const found = JSON.stringify([northbound.tls, ops.tls]);
    if (found === this.#inUse) return;
    try {
      gateway.renewCertificates({ northbound, ops });
      if (this.#inUse !== null) log.info('certificates are renewed');
      this.#inUse = found;
    } catch (error) {
      log.error({ err: error }, 'certificates are not renewed, those in use stay: a pair does not fit');
    }
  }
}

/** The configuration's own file, and those that it names for listeners. */
function pathsOf(reading: ConfigReading | ConfigRefusal, file: string | undefined): string[] {
  const own = file ?? process.env.NORTHGATE_CONFIG ?? '';
  const settings = 'settings' in reading ? [...reading.settings] : [];
  const named = settings.filter(([key]) => ofListeners.test(key)).map(([, { raw }]) => String(plain(raw)));
  return [own, ...named].filter((path) => path !== '' && !path.includes('-----BEGIN '));
}

/** Tells whether any of the files is another one, or other, than before. A link is followed: directories of secrets are swapped by one. */
async function stampOf(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => null);
      return found === null ? 'none' : `${found.dev} ${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
    }),
  );
  return stamps.join('\n');
}
