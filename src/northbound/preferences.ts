/**
 * What a client prefers (RFC 7240): `respond-async`, and `wait=SECONDS`. Unknown and malformed preferences are ignored,
 * of repeated ones the first counts (section 2); they go on to ESC as they came.
 */
import { valuesOf } from '../upstream/headers.ts';

export interface Preferences {
  readonly isAsync: boolean;
  /** Milliseconds; null: none given. */
  readonly waitMs: number | null;
}

const secondsForm = /^\d{1,9}$/;

export function readPreferences(headers: readonly string[]): Preferences {
  const lines = valuesOf(headers, 'prefer');
  if (lines.length === 0) return { isAsync: false, waitMs: null };
  const preferred = new Map<string, string>();
  for (const line of lines) {
    for (const preference of partsOf(line, ',')) {
      const [said = ''] = partsOf(preference, ';');
      const at = said.indexOf('=');
      const name = (at < 0 ? said : said.slice(0, at)).trim().toLowerCase();
      const value = at < 0 ? '' : unquoted(said.slice(at + 1).trim());
      if (name !== '' && !preferred.has(name)) preferred.set(name, value);
    }
  }
  const wait = preferred.get('wait') ?? '';
  return {
    isAsync: preferred.get('respond-async') === '',
    waitMs: secondsForm.test(wait) ? Number(wait) * 1000 : null,
  };
}

/** Split at a character that stands outside of quotes; in one pass, since a client chooses the text. */
function partsOf(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\' && isQuoted) at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1).replace(/\\(.)/g, '$1')
    : value;

/** When a client is answered at the latest, and why: what becomes of a request that was not sent by then depends on it (R24). */
export interface Patience {
  readonly until: number;
  /** `hold`: hold.timeout, past which an unsent request is given up. `preference`: the client asked for a 202 by then. */
  readonly by: 'hold' | 'preference';
  /** For `Preference-Applied`; null: nothing to say. */
  readonly applied: string | null;
}

export function patienceOf({ isAsync, waitMs }: Preferences, receivedAt: number, holdMaxMs: number): Patience {
  const preferredMs = waitMs ?? (isAsync ? 0 : null);
  if (preferredMs === null) return { until: receivedAt + holdMaxMs, by: 'hold', applied: null };
  const applied = [isAsync ? 'respond-async' : null, waitMs === null ? null : `wait=${waitMs / 1000}`];
  // Who asked for a 202 is promised one also where the gateway waits for less than was asked.
  const by = isAsync || preferredMs < holdMaxMs ? 'preference' : 'hold';
  return {
    until: receivedAt + Math.min(preferredMs, holdMaxMs),
    by,
    applied: applied.filter((each) => each !== null).join(', '),
  };
}
