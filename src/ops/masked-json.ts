/** JSON with its secrets masked, and byte for byte as it was otherwise; also of a text that is not quite JSON. */
import { type Leaf, Leaves } from './secret-leaves.ts';
import { mask, maskedText } from './secrets.ts';

const token = /"(?:[^"\\]|\\.|\\$)*(?:"|$)|[{}[\],:]|-?\d[\w.+-]*/gs;

export function maskedJson(text: string): string {
  const leaves = leavesOf(text);
  let masked = '';
  let from = 0;
  for (const { start, end, isSecret } of leaves) {
    const written = text.slice(start, end);
    masked += text.slice(from, start) + (isSecret ? `"${mask}"` : plain(written));
    from = end;
  }
  masked += text.slice(from);
  return isJson(text) ? masked : maskedText(masked);
}

function leavesOf(text: string): Leaf[] {
  const reading = new Reading();
  for (const { 0: found, index } of text.matchAll(token)) reading.take(found, index);
  return reading.leaves.end();
}

/** Objects, lists and members are begun and ended as their signs come, well-formed or not. */
class Reading {
  readonly leaves = new Leaves();
  readonly #brackets: { readonly isObject: boolean; readonly isMember: boolean }[] = [];
  /** A member has begun, and its value has not ended. */
  #isMember = false;
  #key: string | null = null;

  take(found: string, index: number): void {
    if (found === '{' || found === '[') {
      this.#brackets.push({ isObject: found === '{', isMember: this.#isMember });
      this.#isMember = false;
      this.leaves.open('');
    } else if (found === '}' || found === ']') {
      this.#endMember();
      this.leaves.close();
      this.#isMember = this.#brackets.pop()?.isMember ?? false;
      this.#endMember();
    } else if (found === ',') this.#endMember();
    else if (found === ':') this.#beginMember();
    else this.#takeValue(found, index);
  }

  #takeValue(found: string, index: number): void {
    const text = said(found);
    const isKey = found.startsWith('"') && this.#brackets.at(-1)?.isObject === true && !this.#isMember;
    if (isKey) this.#key = text;
    else this.leaves.leaf({ start: index, end: index + found.length, text });
  }

  #beginMember(): void {
    if (this.#key === null) return;
    this.leaves.open(this.#key);
    this.#isMember = true;
    this.#key = null;
  }

  #endMember(): void {
    if (this.#isMember) this.leaves.close();
    this.#isMember = false;
  }
}

function plain(written: string): string {
  if (!written.startsWith('"')) return written;
  const text = said(written);
  const masked = maskedText(text);
  return masked === text ? written : JSON.stringify(masked);
}

/** What a string says, escapes read; as it stands where it is cut off. */
function said(written: string): string {
  try {
    return String(JSON.parse(written));
  } catch {
    return written.replaceAll('"', '');
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
