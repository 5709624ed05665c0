/**
 * A node's side of the replication: what its services write and do goes to the lab's store, in order. What belongs
 * together (a row and the request that made it, an effect and its row) arrives together, before the answer goes out: no
 * fault can come between, and what a node did before it was killed is known.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { BoundedLog, type Effect, type ExecutedRequest, Vim } from '../../src/sim/ledger.ts';
import { type Resource, ResourceStore } from '../../src/sim/resources.ts';
import type { Phase } from '../../src/sim/takeover.ts';
import { type FromStore, hear, say, type ToStore } from './replication.ts';

const answersMax = 1_000;

/** Collects what is said in one turn of the event loop. */
class Bundle {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  add(message: ToStore): void {
    this.#socket.cork();
    say(this.#socket, message);
    process.nextTick(() => this.#socket.uncork());
  }

  /** Sends what there is, now. */
  end(): void {
    while (this.#socket.writableCorked > 0) this.#socket.uncork();
  }
}

export class Membership {
  readonly #socket: Socket;
  readonly #bundle: Bundle;
  readonly #waiting: ((answer: FromStore) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#bundle = new Bundle(socket);
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
    return answer.is === 'promoted' ? new ReplicatedStore(this.#bundle, answer.rows) : null;
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
    return new DistantVim(this.#bundle);
  }

  requests(): BoundedLog<ExecutedRequest> {
    return new DistantLog(this.#bundle);
  }

  #ask(question: { is: 'promote' } | { is: 'still' }): Promise<FromStore> {
    if (this.#waiting.length >= answersMax) throw new Error('the store does not answer');
    const answer = new Promise<FromStore>((resolve) => this.#waiting.push(resolve));
    say(this.#socket, question);
    return answer;
  }
}

class ReplicatedStore extends ResourceStore {
  readonly #bundle: Bundle;

  constructor(bundle: Bundle, rows: readonly Resource[]) {
    super(0, new Map(rows.map((row) => [row.id, row])));
    this.#bundle = bundle;
  }

  override commit(resource: Resource): void {
    super.commit(resource);
    this.#bundle.add({ is: 'commit', resource });
  }

  override remove(id: string): void {
    super.remove(id);
    this.#bundle.add({ is: 'remove', id });
  }
}

class DistantVim extends Vim {
  readonly #bundle: Bundle;

  constructor(bundle: Bundle) {
    super(1);
    this.#bundle = bundle;
  }

  override apply(effect: Effect): void {
    this.#bundle.add({ is: 'effect', effect });
  }
}

class DistantLog extends BoundedLog<ExecutedRequest> {
  readonly #bundle: Bundle;

  constructor(bundle: Bundle) {
    super(1);
    this.#bundle = bundle;
  }

  override add(request: ExecutedRequest): ExecutedRequest {
    this.#bundle.add({ is: 'request', request });
    this.#bundle.end();
    return request;
  }
}
