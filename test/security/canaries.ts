// Secrets that are known again wherever they turn up: plain, in base64 at any offset, in hex, percent-encoded or in part.
import { randomBytes } from 'node:crypto';

export class Canaries {
  readonly #planted = new Map<string, string>();

  /** The same secret for the same name; of letters and digits, so that it looks the same in URLs, JSON and XML. */
  plant(name: string): string {
    const known = this.#planted.get(name);
    if (known !== undefined) return known;
    const secret = `Canary${randomBytes(9).toString('hex')}`;
    this.#planted.set(name, secret);
    return secret;
  }

  /** One that was made elsewhere. */
  add(name: string, secret: string): void {
    this.#planted.set(name, secret);
  }

  get count(): number {
    return this.#planted.size;
  }

  /** Names of those that stand there, with the form and some of what is around. */
  foundIn(what: string, bytes: Uint8Array): string[] {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const found: string[] = [];
    for (const [name, secret] of this.#planted) {
      for (const form of formsOf(secret)) {
        const at = text.indexOf(form);
        if (at !== -1) found.push(`${name} in ${what}: …${text.slice(Math.max(0, at - 80), at + 60)}…`);
      }
    }
    return found;
  }
}

function formsOf(secret: string): string[] {
  const hex = Buffer.from(secret).toString('hex');
  // What stands before it decides where its bytes lie in groups of three; the first and last characters depend on the neighbours.
  const inBase64 = [0, 1, 2].map((before) => {
    const text = Buffer.from(`${'x'.repeat(before)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(before === 0 ? 0 : before + 1, -1);
  });
  const percent = hex.replace(/../g, '%$&');
  return [secret, ...inBase64, hex, hex.toUpperCase(), percent, percent.toUpperCase()];
}
