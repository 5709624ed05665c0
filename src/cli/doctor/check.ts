/**
 * What the doctor says of one thing: what was checked, what was found, what to do. A verdict is made by a pure function
 * of what was found; an id and a subject make it a check. No verdict ever holds a credential.
 */

export type Status = 'pass' | 'warn' | 'fail' | 'skip';

export interface Verdict {
  readonly status: Status;
  /** What was found, as half a sentence. */
  readonly found: string;
  /** What to do; null where there is nothing to do. */
  readonly advice: string | null;
}

/** `id` names the kind of check (docs/doctor.md has a row for each), `subject` what it was made of. */
export interface Check extends Verdict {
  readonly id: string;
  readonly subject: string;
}

export const pass = (found: string): Verdict => ({ status: 'pass', found, advice: null });
export const warn = (found: string, advice: string): Verdict => ({ status: 'warn', found, advice });
export const fail = (found: string, advice: string): Verdict => ({ status: 'fail', found, advice });
/** Not looked at, and why. */
export const skip = (found: string): Verdict => ({ status: 'skip', found, advice: null });

export const check = (id: string, subject: string, verdict: Verdict): Check => ({ id, subject, ...verdict });

/** `host:port`, with brackets around an IPv6 address. */
export const at = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
