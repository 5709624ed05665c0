// The keys that are read and checked but change nothing yet: `config print` names those of them that are set.
// Whoever builds a part takes its keys off this list; test/config holds that each is a key.

export const notYetEffective: readonly string[] = [
  'northbound.tls.clientCa',
  'northbound.requireKey',
  'esc.etsi.enabled',
  'esc.etsi.scheme',
  'esc.etsi.port',
  'replay.stuckAfter',
  'replay.cleanUp',
  'completion.askAfter',
  'callbacks.host',
  'callbacks.port',
  'callbacks.publicUrl',
  'callbacks.deliverFor',
  'callbacks.allow',
  'limits.requestsPerSecond',
  'tracing.endpoint',
];
