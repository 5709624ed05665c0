/**
 * What a journal is opened with. Of the same shape as `journal` in the configuration, so that
 * `openJournal(config.journal)` is all there is to say; declared here because the journal imports nothing of `config`.
 */

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

interface RedisAccount {
  readonly username?: string;
  readonly password?: string;
  /** Encrypted, the Sentinels and all nodes too. */
  readonly tls: boolean;
}

export type RedisUrl =
  | ({ readonly kind: 'redis'; readonly database: number } & RedisHost & RedisAccount)
  | ({
      readonly kind: 'redis-sentinel';
      readonly sentinels: readonly RedisHost[];
      readonly name: string;
      readonly database: number;
    } & RedisAccount)
  | ({ readonly kind: 'redis-cluster'; readonly nodes: readonly RedisHost[] } & RedisAccount);

/** `journal.url`, taken apart. */
type JournalUrl = { readonly kind: 'sqlite'; readonly path: string } | RedisUrl;

/** `journal.durability`: what a confirmed write must have gone through. */
export type DurabilityAsked =
  | { readonly kind: 'always' | 'everysec' }
  | { readonly kind: 'replicated'; readonly replicas: number };

export interface JournalOptions {
  readonly url: JournalUrl;
  /** PEM: who signs the certificates of Redis (absent: whom Node trusts), and this gateway's own for mutual TLS. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The account at the Sentinels, which have accounts of their own. */
  readonly sentinel?: { readonly username?: string; readonly password?: string };
  /** Several journals on one Redis. */
  readonly name: string;
  readonly durability: DurabilityAsked;
  /** Open a store that keeps less than asked all the same. */
  readonly allowWeaker: boolean;
  /** 32 bytes. None: an embedded journal has a key file beside it, Redis is refused. */
  readonly key?: Uint8Array | null | undefined;
  readonly oldKeys: readonly Uint8Array[];
  /** Keep bodies unsealed if there is no key. */
  readonly plaintext: boolean;
  /** Milliseconds since the epoch of Unix, for the leases of an embedded journal (Redis has the server's clock). */
  readonly clock?: () => number;
}
