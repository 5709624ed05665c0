// The keys that are read and checked but change nothing yet: `config print` names those of them that are set.
// Whoever builds a part takes its keys off this list; test/config holds that each is a key.

export const notYetEffective: readonly string[] = ['esc.etsi.enabled', 'esc.etsi.scheme', 'esc.etsi.port'];
