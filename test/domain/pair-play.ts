// A pair played by hand: observations in as few words as possible, one machine that is fed them, and its effects.
import type { Observation } from '../../src/domain/health.ts';
import { initialPair, type PairState } from '../../src/domain/pair-state.ts';
import {
  decide,
  type GateMode,
  gateOf,
  type PairEffect,
  type PairEvent,
  type PairRules,
} from '../../src/domain/switchover.ts';

export const nodeA = '192.0.2.1';
export const nodeB = '192.0.2.2';

const nothing = { statusCode: null, stage: null, identity: null, message: '' };
type Said = Omit<Observation, 'at' | 'endedAt'>;

export const says = {
  ready: { ...nothing, health: 'ready', statusCode: 2000, stage: 'READY', heard: true },
  alone: { ...nothing, health: 'ready', statusCode: 2010, stage: 'READY', heard: true },
  init: { ...nothing, health: 'starting', statusCode: 2000, stage: 'INIT', heard: true },
  broken: { ...nothing, health: 'starting', statusCode: 5010, heard: true },
  page: { ...nothing, health: 'starting', message: 'HTTP 503 with a page', heard: true },
  refused: { ...nothing, health: 'down', message: 'refused', heard: true },
  silence: { ...nothing, health: 'down', message: 'silent', heard: false },
} satisfies Record<string, Said>;

export type Word = keyof typeof says;

export const rules: PairRules = { rise: 2, fall: 3, settleMs: 0 };

/** Each event happens one second after the one before it; answers take 10 ms. */
export class Play {
  now = 1_000_000;
  state: PairState;
  readonly effects: PairEffect[] = [];
  readonly rules: PairRules;

  constructor(played: Partial<PairRules> = {}, nodes: readonly string[] = [nodeA, nodeB]) {
    this.rules = { ...rules, ...played };
    this.state = initialPair(1, nodes, this.now);
  }

  happens(event: PairEvent): this {
    const { state, effects } = decide(this.state, event, this.rules);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  /** The VIP's monitor answers so, again and again; `identity` is the certificate it shows. */
  vip(word: Word, { times = 1, identity = null }: { times?: number; identity?: string | null } = {}): this {
    for (let each = 0; each < times; each += 1) {
      this.now += 1000;
      this.happens({ kind: 'vip-observed', observation: this.observation(word, identity) });
    }
    return this;
  }

  node(node: string, word: Word, times = 1): this {
    for (let each = 0; each < times; each += 1) {
      this.now += 1000;
      this.happens({ kind: 'node-observed', node, observation: this.observation(word) });
    }
    return this;
  }

  observation(word: Word, identity: string | null = null): Observation {
    return { ...says[word], identity, at: this.now, endedAt: this.now + 10 };
  }

  /** The journal's epoch is told: the next one, if nothing else is said. */
  epoch(epoch = this.state.epoch + 1): this {
    this.now += 1000;
    return this.happens({ kind: 'epoch-is', epoch, now: this.now });
  }

  /** A is active, B is a standby that answers 5xxx or nothing, and the gate is open. */
  isServing(standby: Word = 'refused'): this {
    return this.node(nodeA, 'ready').node(nodeB, standby).vip('ready', { times: this.rules.rise });
  }

  gate(): GateMode {
    return gateOf(this.state, this.now + 10, this.rules).mode;
  }

  reason(): string {
    return gateOf(this.state, this.now + 10, this.rules).reason;
  }

  /** Why the epoch is to be bumped, of each order so far. */
  get bumps(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === 'bump' ? [effect.why] : []));
  }
}
