/**
 * Seals bodies at rest: AES-256-GCM with a random nonce, bound to the transaction and to which body it is.
 * Sealed bytes: kind (1 byte: 0 plain, 1 sealed), key id (4), nonce (12), ciphertext, tag (16). The key id lets old
 * keys open what they sealed. NIST SP 800-38D, 8.3: at most 2^32 random nonces a key.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

export const keyBytes = 32;
const keyIdBytes = 4;
const nonceBytes = 12;
const noncesPerDraw = 256;
const tagBytes = 16;
const headBytes = 1 + keyIdBytes + nonceBytes;
const plain = 0;
const sealed = 1;

/** Eight hex digits that name a key without giving it away. */
function keyIdOf(key: Uint8Array): string {
  return createHash('sha256')
    .update('northgate key id')
    .update(key)
    .digest('hex')
    .slice(0, keyIdBytes * 2);
}

export class Cipher {
  // As an object: preparing raw bytes anew for each body costs more than sealing 2 KB.
  readonly #key: KeyObject | null;
  /** Of the key that seals; null if bodies are kept plain. */
  readonly keyId: string | null;
  #nonces = Buffer.alloc(0);
  readonly #keys = new Map<string, KeyObject>();

  /** Without a key bodies are kept plain. @throws Error if a key has not 32 bytes. */
  constructor(key: Uint8Array | null, oldKeys: readonly Uint8Array[] = []) {
    for (const each of key === null ? oldKeys : [key, ...oldKeys]) {
      if (each.length !== keyBytes) throw new Error(`a journal key has ${keyBytes} bytes, not ${each.length}`);
      this.#keys.set(keyIdOf(each), createSecretKey(each));
    }
    this.#key = key === null ? null : createSecretKey(key);
    this.keyId = key === null ? null : keyIdOf(key);
  }

  opens(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** Whether what was sealed is sealed with the key that seals now. */
  isCurrent(bytes: Uint8Array): boolean {
    const keyId = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex', 1, 1 + keyIdBytes);
    return this.keyId === null ? bytes[0] === plain : bytes[0] === sealed && keyId === this.keyId;
  }

  /** `purpose` must be said again to open: sealed bytes cannot be moved to another transaction. */
  seal(body: Uint8Array, purpose: string): Uint8Array {
    if (this.#key === null || this.keyId === null) return Buffer.concat([Buffer.of(plain), body]);
    const nonce = this.#nextNonce();
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagBytes });
    cipher.setAAD(Buffer.from(purpose));
    const text = cipher.update(body);
    cipher.final();
    return Buffer.concat([Buffer.of(sealed), Buffer.from(this.keyId, 'hex'), nonce, text, cipher.getAuthTag()]);
  }

  /** Drawn many at a time, each used once. */
  #nextNonce(): Buffer {
    if (this.#nonces.length === 0) this.#nonces = randomBytes(nonceBytes * noncesPerDraw);
    const nonce = this.#nonces.subarray(0, nonceBytes);
    this.#nonces = this.#nonces.subarray(nonceBytes);
    return nonce;
  }

  /** @throws Error with a sentence if the key is not known or the bytes were changed. */
  open(bytes: Uint8Array, purpose: string): Uint8Array {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (buffer[0] === plain) return buffer.subarray(1);
    if (buffer[0] !== sealed || buffer.length < headBytes + tagBytes) {
      throw new Error(`the body of ${purpose} is not one that Northgate sealed`);
    }
    const keyId = buffer.toString('hex', 1, 1 + keyIdBytes);
    const key = this.#keys.get(keyId);
    if (key === undefined) {
      throw new Error(`the body of ${purpose} is sealed with key ${keyId}, which journal.oldKeys does not have`);
    }
    const nonce = buffer.subarray(1 + keyIdBytes, headBytes);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(buffer.subarray(buffer.length - tagBytes));
    const body = decipher.update(buffer.subarray(headBytes, buffer.length - tagBytes));
    try {
      decipher.final();
    } catch (cause) {
      throw new Error(`the body of ${purpose} was changed in the journal or its key is wrong`, { cause });
    }
    return body;
  }
}
