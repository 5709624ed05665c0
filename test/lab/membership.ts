/**
 * A node's side of the replication: what its services write and do goes to the lab's store, in order. A line is in the
 * kernel when the call returns, so what a node did before it was killed is known.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { BoundedLog, type Effect, type ExecutedRequest, Vim } from '../../src/sim/ledger.ts';
import { type Resource, ResourceStore } from '../../src/sim/resources.ts';
import type { Phase } from '../../src/sim/takeover.ts';
import { type FromStore, hear, say } from './replication.ts';

const answersMax = 1_000;

export class Membership {
  readonly #socket: Socket;
  readonly #waiting: ((answer: FromStore) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    hear<FromStore>(socket, (answer) => this.#waiting.shift()?.(answer));
  }

  /** Without the store there is no database: the services end with it. */
  static async join(path: string, node: string): Promise<Membership> {
    const socket = connect(path);
    await once(socket, 'connect');
    socket.once('close', () => process.exit(1));
    const joined = new Membership(socket);
    say(socket, { is: 'hello', node });
    return joined;
  }

  /** The database, to be written from now on; null: another node has the role. */
  async promote(): Promise<ReplicatedStore | null> {
    const answer = await this.#ask({ is: 'promote' });
    return answer.is === 'promoted' ? new ReplicatedStore(this.#socket, answer.rows) : null;
  }

  /** Whether the role is still here, as far as can be known. */
  async isPrimary(): Promise<boolean> {
    const answer = await this.#ask({ is: 'still' });
    return answer.is === 'still' && answer.isPrimary;
  }

  reached(phase: Phase): void {
    say(this.#socket, { is: 'phase', phase });
  }

  /** The VIM, seen from here: effects go out to it and are judged there. */
  vim(): Vim {
    return new DistantVim(this.#socket);
  }

  requests(): BoundedLog<ExecutedRequest> {
    return new DistantLog(this.#socket);
  }

  #ask(question: { is: 'promote' } | { is: 'still' }): Promise<FromStore> {
    if (this.#waiting.length >= answersMax) throw new Error('the store does not answer');
    const answer = new Promise<FromStore>((resolve) => this.#waiting.push(resolve));
    say(this.#socket, question);
    return answer;
  }
}

class ReplicatedStore extends ResourceStore {
  readonly #socket: Socket;

  constructor(socket: Socket, rows: readonly Resource[]) {
    super(0, new Map(rows.map((row) => [row.id, row])));
    this.#socket = socket;
  }

  override commit(resource: Resource): void {
    super.commit(resource);
    say(this.#socket, { is: 'commit', resource });
  }

  override remove(id: string): void {
    super.remove(id);
    say(this.#socket, { is: 'remove', id });
  }
}

class DistantVim extends Vim {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super(1);
    this.#socket = socket;
  }

  override apply(effect: Effect): void {
    say(this.#socket, { is: 'effect', effect });
  }
}

class DistantLog extends BoundedLog<ExecutedRequest> {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super(1);
    this.#socket = socket;
  }

  override add(request: ExecutedRequest): ExecutedRequest {
    say(this.#socket, { is: 'request', request });
    return request;
  }
}
