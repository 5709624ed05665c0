/** Programs of the system that the lab asks for something and waits for: `ip`, `nft`, `sysctl`. */
import { execFile, execFileSync } from 'node:child_process';

const commandMaxMs = 60_000;

/** What it wrote; rejects with what it complained of. */
export function run(command: string, ...given: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, given, { timeout: commandMaxMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${given.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}

/** The same for a process that is about to end; what cannot be done then is left undone. */
export function runAtOnce(command: string, ...given: string[]): string {
  try {
    return execFileSync(command, given, { timeout: commandMaxMs, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  } catch {
    return '';
  }
}
