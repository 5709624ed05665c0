// Reads a configuration the way the process does: from a real file in a directory of its own, and an environment.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problemLine } from '../../src/config/problem.ts';
import { type ConfigReading, type ConfigRefusal, readConfig } from '../../src/config/reader.ts';

export class ConfigFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'northgate-config-'));

  /** Writes a file and gives its path. */
  write(name: string, text: string): string {
    const file = join(this.path, name);
    writeFileSync(file, text);
    return file;
  }

  read(yaml: string | undefined, environment: Record<string, string> = {}): ConfigReading | ConfigRefusal {
    return readConfig({ ...(yaml === undefined ? {} : { file: this.write('northgate.yaml', yaml) }), environment });
  }

  /** The problems' lines, without the folder in the names of files. */
  problems(yaml: string | undefined, environment: Record<string, string> = {}): string[] {
    const reading = this.read(yaml, environment);
    if (!('errors' in reading)) return [];
    return reading.errors.map((problem) => problemLine(problem).replaceAll(`${this.path}/`, ''));
  }

  accepted(yaml: string | undefined, environment: Record<string, string> = {}): ConfigReading {
    const reading = this.read(yaml, environment);
    assert.ok(!('errors' in reading), 'errors' in reading ? reading.errors.map(problemLine).join('\n') : '');
    return reading;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
