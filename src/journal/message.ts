/**
 * How a request or an answer is laid out in the bytes that the journal keeps beside a record: four bytes with the
 * length of the head, the head as JSON, the body untouched.
 */

export interface RequestMessage {
  /** Flat, end-to-end, as they go to ESC. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

export interface AnswerMessage {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

const lengthBytes = 4;

function pack(head: unknown, body: Uint8Array): Uint8Array {
  const packedHead = Buffer.from(JSON.stringify(head));
  // Of its own memory: a slice of Node's pool would keep the pool alive for as long as it is held.
  const packed = Buffer.allocUnsafeSlow(lengthBytes + packedHead.byteLength + body.byteLength);
  packed.writeUInt32BE(packedHead.byteLength, 0);
  packedHead.copy(packed, lengthBytes);
  packed.set(body, lengthBytes + packedHead.byteLength);
  return packed;
}

function unpack(packed: Uint8Array): { head: unknown; body: Uint8Array } {
  const buffer = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const bodyAt = lengthBytes + buffer.readUInt32BE(0);
  return { head: JSON.parse(buffer.toString('utf8', lengthBytes, bodyAt)), body: buffer.subarray(bodyAt) };
}

export const packRequest = ({ headers, body }: RequestMessage): Uint8Array => pack({ headers }, body);

export function unpackRequest(packed: Uint8Array): RequestMessage {
  const { head, body } = unpack(packed);
  return { ...(head as { headers: string[] }), body };
}

export const packAnswer = ({ status, headers, body }: AnswerMessage): Uint8Array => pack({ status, headers }, body);

export function unpackAnswer(packed: Uint8Array): AnswerMessage {
  const { head, body } = unpack(packed);
  return { ...(head as { status: number; headers: string[] }), body };
}

export const packUrls = (urls: readonly string[]): Uint8Array => Buffer.from(JSON.stringify(urls));

/** Null: there are none. */
export const unpackUrls = (packed: Uint8Array | null): string[] =>
  packed === null ? [] : (JSON.parse(Buffer.from(packed).toString()) as string[]);
