/** Turns what changes at the gateway and in the pair into sentences, each once. It changes nothing. */
import type { Gateway } from '../../app.ts';
import type { SimulatedPair } from '../../sim/pair.ts';
import type { Phase } from '../../sim/takeover.ts';
import type { Say } from './narrator.ts';

/** Says when the gate shuts and opens, for as long as the gateway lives. */
export function tellGate({ coordinator }: Gateway, say: Say): void {
  let wasOpen = coordinator.isOpen;
  const look = (): void => {
    const { isOpen, epoch, activeNode } = coordinator;
    if (isOpen === wasOpen || coordinator.gate().mode === 'draining') return;
    wasOpen = isOpen;
    const node = activeNode === null ? '' : `, node ${activeNode}`;
    if (isOpen) say(`gate open: ESC is READY${node}; epoch ${epoch}`);
    else say('gate shut: Northgate has noticed; new requests are held');
  };
  coordinator.listen({ changed: look });
  look();
}

const sentences: Readonly<Record<Phase, (node: string) => string | null>> = {
  P0: () => null,
  P1: (node) => `the VIP is at ${node} now; services start there one by one, ESC last`,
  P2: (node) => `${node}: a web container answers 404 and 503, ESC is not in it yet`,
  P3: (node) => `${node}: ESC is in INIT and takes no requests yet`,
  P4: (node) => `${node}: ESC says READY`,
};

export class PhaseTeller {
  readonly #pair: SimulatedPair;
  readonly #say: Say;
  #told: Phase = 'P0';

  constructor(pair: SimulatedPair, say: Say) {
    this.#pair = pair;
    this.#say = say;
  }

  /** Says the phase if it is another one than before. Whether the pair is READY. */
  look(): boolean {
    const { phase, activeNode } = this.#pair;
    if (phase === this.#told) return phase === 'P4';
    this.#told = phase;
    const sentence = sentences[phase](activeNode);
    if (sentence !== null) this.#say(sentence);
    return phase === 'P4';
  }
}
