/**
 * Which exchanges of a proxy are hit: a trap waits for a mark in the bytes of a request, lets a fault befall so many of
 * them, and keeps what it did for the story.
 */
import type { Play } from '../support/fault-proxy.ts';
import type { Exchange, Fault, Way } from '../support/faults/fault.ts';

export interface Trap {
  readonly mark: string;
  readonly fault: Fault;
  readonly way: Way;
  /** Of these requests only; all with the mark otherwise. */
  readonly isMeant?: (request: string) => boolean;
  /** What is hit waits for it first: with the request on the way there, with the answer on the way back. */
  readonly gate?: Promise<void>;
  /** Exchanges still to be hit. */
  left: number;
  /** Exchanges that were hit, held at the gate included. */
  readonly sprung: { readonly at: number; readonly request: string }[];
}

const mark = /cell-[a-z]\d{4}/;
const requestShownMax = 90;

export class Traps {
  /** By mark; the first one that has any left is next. */
  readonly #waiting = new Map<string, Trap[]>();

  set(trap: Omit<Trap, 'sprung'>): Trap {
    const set = { ...trap, sprung: [] };
    this.#waiting.set(trap.mark, [...(this.#waiting.get(trap.mark) ?? []), set]);
    return set;
  }

  /** What is to befall an exchange. */
  choose = (request: Buffer): Play | null => {
    const text = request.toString('latin1');
    const found = this.#waiting.get(mark.exec(text)?.[0] ?? '')?.find(({ left }) => left > 0);
    if (found === undefined || found.isMeant?.(text) === false) return null;
    found.left -= 1;
    found.sprung.push({ at: Date.now(), request: text.slice(0, requestShownMax) });
    return (exchange) => sprung(found, exchange);
  };

  /** What was done, for the story of a mark. */
  storyOf(of: string): string[] {
    return (this.#waiting.get(of) ?? []).flatMap(({ fault, way, sprung }) =>
      sprung.map(({ at, request }) => `${at} ${fault.name}, on the way ${way}: ${request.split('\r\n')[0]}`),
    );
  }
}

async function sprung({ fault, way, gate }: Trap, exchange: Exchange): Promise<void> {
  if (gate === undefined) return fault.play(exchange, way);
  if (way === 'there') {
    exchange.linger();
    await gate;
    return fault.play(exchange, way);
  }
  const ask = async (bytes?: Buffer): Promise<Buffer> => {
    const answer = await exchange.ask(bytes);
    await gate;
    return answer;
  };
  return fault.play({ ...exchange, ask }, way);
}
