/**
 * Where one message ends in a stream of bytes: HTTP/1.1 with a length or chunks, and Redis' RESP2. As much of either as a
 * proxy needs to tell one exchange from the next; an answer that ends with its connection has no end here.
 */

/** The offset behind the first message; null: it is not whole yet. */
export type EndOf = (bytes: Buffer) => number | null;

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');

export const endOfHttp: EndOf = (bytes) => {
  const at = bytes.indexOf(headEnd);
  if (at < 0) return null;
  const bodyAt = at + headEnd.byteLength;
  const head = bytes.toString('latin1', 0, at);
  if (/^transfer-encoding: *chunked/im.test(head)) {
    // From the end of the head, for a body without any other chunk.
    const last = bytes.indexOf(lastChunk, bodyAt - 2);
    return last < 0 ? null : last + lastChunk.byteLength;
  }
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  return bytes.byteLength < bodyAt + length ? null : bodyAt + length;
};

/** Commands and replies have the same form (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export const endOfResp: EndOf = (bytes) => endOfValue(bytes, 0);

function endOfValue(bytes: Buffer, from: number): number | null {
  const lineEnd = bytes.indexOf('\r\n', from);
  if (lineEnd < 0) return null;
  const kind = String.fromCharCode(bytes[from] ?? 0);
  const next = lineEnd + 2;
  if (kind !== '$' && kind !== '*') return next;
  const count = Number(bytes.toString('latin1', from + 1, lineEnd));
  if (count < 0) return next;
  if (kind === '$') return bytes.byteLength < next + count + 2 ? null : next + count + 2;
  let end: number | null = next;
  for (let item = 0; item < count && end !== null; item += 1) end = endOfValue(bytes, end);
  return end;
}
