/** What the gateway saw of a switchover and when, as data: it comes from the gateway's own process as it happens. */

/**
 * `bad-sign`: the first of live traffic, of the resting connection or of a probe of the VIP, in an epoch; `shut` and
 * `open`: the gate. `at` is the machine's clock, in ms.
 */
export interface Sighting {
  readonly kind: 'bad-sign' | 'shut' | 'open';
  readonly at: number;
  readonly epoch: number;
  readonly why: string;
}
