/**
 * One transaction for the client: ESC's id of a later attempt gives way to the id that the client knows (R21, R25).
 * Invariant: nothing else of a message changes, not a byte; a body that does not bear the id is the same object.
 */
import { withEscTransactionId } from './headers.ts';

export interface HeadedMessage {
  /** Flat. Their `Content-Length` is for whoever sends them, since ids differ in length. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** A shorter id may be any number or word of a body, so it is replaced in the headers only. */
const idMinChars = 8;
/** What can stand in XML and JSON as it is. */
const plainId = /^[\w.:-]+$/;

/** A message with `to` in place of `from`: in the headers in every spelling, whatever stands there, and where it stands in the body. */
export function withKnownTransactionId(message: HeadedMessage, from: string, to: string): HeadedMessage {
  const headers = withEscTransactionId(message.headers, to);
  const isReplaceable = from !== to && from.length >= idMinChars && plainId.test(from) && plainId.test(to);
  return { headers, body: isReplaceable ? replaced(message.body, from, to) : message.body };
}

function replaced(body: Uint8Array, from: string, to: string): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const parts: Uint8Array[] = [];
  let keptFrom = 0;
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + from.length)) {
    // Within a longer id or word it is not the id.
    if (isIdByte(bytes[at - 1]) || isIdByte(bytes[at + from.length])) continue;
    parts.push(bytes.subarray(keptFrom, at), Buffer.from(to));
    keptFrom = at + from.length;
  }
  return parts.length === 0 ? body : Buffer.concat([...parts, bytes.subarray(keptFrom)]);
}

const isIdByte = (byte: number | undefined): boolean => byte !== undefined && /[\w-]/.test(String.fromCharCode(byte));
