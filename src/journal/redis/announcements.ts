/**
 * Tells other gateways of changes and hears of theirs, by pub/sub on a connection of its own. Best effort: what is said
 * while the connection is away is lost, and readers poll as well (R32). Own announcements are not heard: the writer
 * tells its listeners itself, also when this connection is away.
 */
import type { Redis } from 'ioredis';
import { statuses } from '../../domain/transaction.ts';
import type { Change } from '../journal.ts';

export class Announcements {
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  readonly #channel: string;
  readonly #origin: string;

  /** `origin` names this journal among the others. The subscriber is not connected yet and is closed here. */
  constructor(publisher: Redis, subscriber: Redis, channel: string, origin: string) {
    this.#publisher = publisher;
    this.#subscriber = subscriber;
    this.#channel = channel;
    this.#origin = origin;
  }

  announce(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    void this.#say(changes.map(({ id, version, status, owner }) => `${status} ${version} ${id} ${owner}`));
  }

  /** Resolves when it was said, or could not be. */
  leaseEnded(replica: string): Promise<void> {
    return this.#say([`${leaseWord} 0 ${replica}`]);
  }

  async #say(lines: readonly string[]): Promise<void> {
    try {
      await this.#publisher.publish(this.#channel, [this.#origin, ...lines].join('\n'));
    } catch {
      // Said above: best effort.
    }
  }

  /** Connects and goes on for ever, over reconnects, until `close`. */
  start(hear: Hearer): void {
    this.#subscriber.on('message', (_channel, message) => {
      const [origin, ...lines] = message.split('\n');
      if (origin === this.#origin) return;
      for (const line of lines) tell(hear, line);
    });
    this.#subscriber.on('ready', () => {
      this.#subscriber.subscribe(this.#channel).catch(() => this.#subscriber.disconnect(true));
    });
    // A failure comes again as the `close` after which ioredis reconnects by itself.
    this.#subscriber.connect().catch(() => {});
  }

  /**
   * The journal is on another server now; this connection may still be with the old one, which may be silent for ever.
   * The commands' connection tells it because it is never idle: the lease is renewed on it.
   */
  follow(): void {
    // One that is connecting already asks where the server is.
    if (this.#subscriber.status === 'ready') this.#subscriber.disconnect(true);
  }

  close(): void {
    this.#subscriber.disconnect();
  }
}

export interface Hearer {
  changed(change: Change): void;
  leaseEnded(replica: string): void;
}

const leaseWord = 'lease-ended';

function tell(hear: Hearer, line: string): void {
  const [word, version, said = '', ...rest] = line.split(' ');
  const status = statuses.find((each) => each === word);
  const owner = rest.join(' ');
  if (status !== undefined) hear.changed({ id: said, version: Number(version), status, owner, isForeign: true });
  else if (word === leaseWord) hear.leaseEnded([said, ...rest].join(' '));
}
