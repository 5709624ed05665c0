/**
 * The store of one pair, in the lab's own process: it stands for DRBD, which only the node with the role may write, and
 * for the VIM, on which everybody's effects are real. Invariant: what a node does without the role is kept apart (`isLate`)
 * and leaves nothing in the database. A node whose replication is cut writes for itself: kept if it is reunited before
 * the other node is promoted, thrown away if not.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Effect, ExecutedRequest } from '../../src/sim/ledger.ts';
import { ResourceStore } from '../../src/sim/resources.ts';
import type { Phase } from '../../src/sim/takeover.ts';
import type { NodeName } from './network.ts';
import { hear, say, type ToStore } from './replication.ts';

/** Something done by a node; late: it had lost the role, or what it wrote was thrown away. */
export interface Done<What> {
  readonly what: What;
  readonly node: NodeName;
  isLate: boolean;
}

/** One process of services, from its connection on. */
interface Member {
  readonly node: NodeName;
  readonly socket: Socket;
  phase: Phase;
}

/** When a node's services came to be READY. */
export interface Ready {
  readonly at: number;
  readonly node: NodeName;
}

export class Store {
  readonly requests: Done<ExecutedRequest>[] = [];
  readonly effects: Done<Effect>[] = [];
  readonly readies: Ready[] = [];
  readonly #rows = new ResourceStore();
  readonly #server: Server;
  readonly #members = new Set<Member>();
  #primary: Member | null = null;
  #isolated: NodeName | null = null;
  #isDivided = false;
  #unreplicated: (() => void)[] = [];
  #doneAlone: Done<unknown>[] = [];

  constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, 'listening');
  }

  /** The node whose services hold the role and are READY; null: none. */
  get readyNode(): NodeName | null {
    const primary = this.#primary;
    return primary !== null && this.#members.has(primary) && primary.phase === 'P4' ? primary.node : null;
  }

  /** Replication from this node ends, and it cannot learn what became of its role. */
  isolate(node: NodeName): void {
    this.#isolated = node;
  }

  /** Neither node can learn what became of its role, and replication goes on until the other one is promoted. */
  divide(): void {
    this.#isDivided = true;
  }

  /** Both nodes see each other again. */
  reunite(): void {
    this.#isolated = null;
    this.#isDivided = false;
    for (const write of this.#unreplicated.splice(0)) write();
    this.#doneAlone = [];
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { socket } of this.#members) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    let member: Member | null = null;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (member !== null) this.#members.delete(member);
    });
    hear<ToStore>(socket, (message) => {
      if (message.is === 'hello') {
        member = { node: message.node as NodeName, socket, phase: 'P1' };
        this.#members.add(member);
      } else if (member !== null) {
        this.#take(member, message);
      }
    });
  }

  #take(member: Member, message: Exclude<ToStore, { is: 'hello' }>): void {
    switch (message.is) {
      case 'promote':
        this.#promote(member);
        break;
      case 'still':
        say(member.socket, { is: 'still', isPrimary: member === this.#primary || this.#isBlind(member) });
        break;
      case 'commit':
        this.#write(member, () => this.#rows.commit(message.resource));
        break;
      case 'remove':
        this.#write(member, () => this.#rows.remove(message.id));
        break;
      case 'effect':
        this.#did(this.effects, member, message.effect);
        break;
      case 'request':
        this.#did(this.requests, member, message.request);
        break;
      case 'phase':
        member.phase = message.phase;
        if (member.phase === 'P4' && member === this.#primary) this.readies.push({ at: Date.now(), node: member.node });
    }
  }

  /** A node that is cut off is not promoted: the other one may be. */
  #promote(member: Member): void {
    if (this.#isolated === member.node) {
      say(member.socket, { is: 'refused' });
      return;
    }
    this.#unreplicated = [];
    for (const done of this.#doneAlone.splice(0)) done.isLate = true;
    this.#primary = member;
    say(member.socket, { is: 'promoted', rows: this.#rows.all() });
  }

  #isBlind({ node }: Member): boolean {
    return this.#isDivided || this.#isolated === node;
  }

  #write(member: Member, write: () => void): void {
    if (member !== this.#primary) return;
    if (this.#isolated === member.node) this.#unreplicated.push(write);
    else write();
  }

  #did<What>(log: Done<What>[], member: Member, what: What): void {
    const done = { what, node: member.node, isLate: member !== this.#primary };
    log.push(done);
    if (!done.isLate && this.#isolated === member.node) this.#doneAlone.push(done);
  }
}
