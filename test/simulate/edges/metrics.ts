/** Measures nothing, whatever it is asked to measure: the product's own would look at the machine. */

const nothing: object = new Proxy(() => undefined, {
  // Never taken for a promise.
  get: (_, name) => (name === 'then' || typeof name === 'symbol' ? undefined : nothing),
  apply: () => nothing,
});

export class Metrics {
  constructor() {
    // biome-ignore lint/correctness/noConstructorReturn: it stands for whatever the product's metrics are.
    return nothing;
  }
}
