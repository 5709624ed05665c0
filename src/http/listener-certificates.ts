/**
 * The certificates of all listeners: renewed together or not at all, since who renews two of them with one authority wants no half
 * of it; and warned of before they end.
 */
import type { Config } from '../config/schema.ts';
import type { RenewableListener } from './northbound-listener.ts';
import { checkContext, expiryWarnings, type ListenerTls } from './secure-context.ts';

type Served = 'northbound' | 'ops';
/** Of the configuration, as far as it is about them. */
export type ServedTls = Readonly<Record<Served, { readonly tls: ListenerTls }>>;

export class ListenerCertificates {
  #inUse: ServedTls;
  readonly #listeners: (readonly [Served, RenewableListener])[] = [];

  constructor({ northbound, ops }: Pick<Config, Served>) {
    this.#inUse = { northbound, ops };
  }

  /** This listener serves with the certificate of that one. Null: there is none. */
  add(of: Served, listener: RenewableListener | null): void {
    if (listener !== null) this.#listeners.push([of, listener]);
  }

  /** Throws, and keeps what is in use, if a pair does not fit or cannot be read. */
  renew(renewed: ServedTls): void {
    for (const { tls } of [renewed.northbound, renewed.ops]) checkContext(tls);
    for (const [of, listener] of this.#listeners) listener.renew(renewed[of].tls);
    this.#inUse = renewed;
  }

  /** Sentences for operators. */
  warnings(at: number): string[] {
    const { northbound, ops } = this.#inUse;
    return expiryWarnings({ 'northbound.tls': northbound.tls, 'ops.tls': ops.tls }, at);
  }
}
