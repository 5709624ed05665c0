/** Prometheus' own tool: what it says of a file, or of text. */
import { spawnSync } from 'node:child_process';

const isThere = spawnSync('promtool', ['--version']).error === undefined;

/** Why a test that needs it is skipped; false: it is there. */
export const promtoolSkip: string | false = isThere ? false : 'promtool is not installed (see test/setup.sh)';

export interface Said {
  readonly isFine: boolean;
  readonly text: string;
}

export function promtool(args: readonly string[], input = ''): Said {
  const { status, stdout, stderr } = spawnSync('promtool', [...args], { input, encoding: 'utf8', timeout: 60_000 });
  const text = `${stdout}${stderr}`;
  return { isFine: status === 0, text };
}
