// A configuration as it was found, before it means anything: a tree of maps, lists and scalars, each with its place.
// YAML file and environment both become this, so that everything behind them is written once.

export type Origin =
  | { readonly from: 'file'; readonly file: string; readonly line: number }
  | { readonly from: 'environment'; readonly name: string }
  | { readonly from: 'user-data'; readonly file: string };

export type Raw = RawMap | RawList | RawScalar;
export type RawMap = { readonly kind: 'map'; readonly entries: Map<string, Raw>; readonly at: Origin };
type RawList = { readonly kind: 'list'; readonly items: readonly Raw[]; readonly at: Origin };
export type RawScalar = {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  readonly at: Origin;
};

/** The plain value, as a JSON Schema judges it. */
export function plain(raw: Raw): unknown {
  if (raw.kind === 'list') return raw.items.map(plain);
  if (raw.kind === 'map') return Object.fromEntries([...raw.entries].map(([name, each]) => [name, plain(each)]));
  return raw.value;
}

/** Plain JSON values as a tree whose every part has one place. Deeper than `depthMax` is cut to nothing. */
export function rawOf(value: unknown, at: Origin, depthMax = 16): Raw {
  if (depthMax > 0 && Array.isArray(value)) {
    return { kind: 'list', items: value.map((each) => rawOf(each, at, depthMax - 1)), at };
  }
  if (depthMax > 0 && typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, each]) => [name, rawOf(each, at, depthMax - 1)] as const);
    return { kind: 'map', entries: new Map(entries), at };
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return { kind: 'scalar', value: isScalar ? value : null, at };
}

/** Where a value came from, in words: `environment NORTHGATE_ESC_VIP`, `northgate.yaml line 3`. */
export function placeOf(at: Origin): string {
  if (at.from === 'environment') return `environment ${at.name}`;
  return at.from === 'file' ? `${at.file} line ${at.line}` : `user data ${at.file}`;
}
