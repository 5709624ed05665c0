/**
 * Where a client wants its reports, and how the gateway's own URLs take the place of the client's in the request that goes to ESC.
 * Invariant: after `withCallbackUrls` no URL of the client is left, so nothing of this attempt can reach it past the journal.
 * What a URL may name is decided elsewhere; here it is only text.
 */
import type { Channel } from '../domain/transaction.ts';
import { fieldValue } from './headers.ts';

export interface CallbackUrls {
  /** For the events of the operation; null: the client asked for none. */
  readonly callback: string | null;
  /** For what happens to the deployment later. The client's `Callback` where it gave no `Callback-ESC-Events` (esc.md section 1.5). */
  readonly events: string | null;
}

const fields: readonly { readonly channel: Channel; readonly name: string }[] = [
  { channel: 'callback', name: 'Callback' },
  { channel: 'events', name: 'Callback-ESC-Events' },
];

/** The client's URLs, in any spelling of the fields; the first that is not empty counts. */
export function callbackUrls(headers: readonly string[]): CallbackUrls {
  const callback = fieldValue(headers, 'callback');
  return { callback, events: fieldValue(headers, 'callback-esc-events') ?? callback };
}

/** The channels that the client gave a URL for, `Transaction.wants`: a `Callback` alone wants both, events alone only events. */
export const wantedChannels = (urls: CallbackUrls): Channel[] =>
  fields.map(({ channel }) => channel).filter((channel) => urls[channel] !== null);

/**
 * A copy of a flat header list with the gateway's URLs: in place of the client's, whose spelling and position are kept, or added at the
 * end. Repetitions go. `events` null: ESC is given none, and sends to `Callback` what it would send there.
 */
export function withCallbackUrls(
  headers: readonly string[],
  urls: { readonly callback: string; readonly events: string | null },
): string[] {
  const missing = new Set<Channel>(fields.map(({ channel }) => channel));
  const replaced: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const channel = channelOf(name);
    if (channel === null) replaced.push(name, headers[index + 1] ?? '');
    else if (missing.delete(channel)) replaced.push(...fieldWith(name, urls[channel]));
  }
  for (const { channel, name } of fields) if (missing.has(channel)) replaced.push(...fieldWith(name, urls[channel]));
  return replaced;
}

const fieldWith = (name: string, url: string | null): string[] => (url === null ? [] : [name, url]);

/** Which of the two a field is, if any. A stand-in for its value, since an empty one is the client's field too. */
const channelOf = (name: string): Channel | null =>
  fields.find((field) => fieldValue([name, 'any'], field.name) !== null)?.channel ?? null;
