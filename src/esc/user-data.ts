// Reads VIP, nodes and service order out of what an ESC pair was deployed from: a cloud-config user-data file whose
// `write_files` holds esc-config.yaml, or a bare esc-config.yaml. Pure: text in, findings out; no file is opened.
// Tolerance: the HA chapter's own first example has `keepalived:` and more fallen out of the block scalar to column 0, and
// breaks a line of `runcmd` that YAML does not allow. So a section is found by its name in whatever map it landed, YAML
// errors elsewhere are passed over, and two different values in one file are a problem rather than a guess.

import { isIP } from 'node:net';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';

/** `depend_on` of one service. `drbd:active` asks for a state as well as for the service. */
type ServiceDependency = { readonly service: string; readonly state?: string };
type Service = { readonly dependsOn: readonly ServiceDependency[]; readonly startup: boolean };

export type UserData = {
  readonly file: string;
  readonly vip?: string;
  readonly nodes: readonly string[];
  readonly services: ReadonlyMap<string, Service>;
  /** Sentences that name the file: what is missing, contradictory or no address. */
  readonly problems: readonly string[];
};

const DEPTH_MAX = 16;
const NODES_MAX = 2;
const CHARACTERS_MAX = 1024 * 1024;

/** Parses one file; `file` is only its name for the messages. Never throws. */
export function parseUserData(file: string, text: string): UserData {
  if (text.length > CHARACTERS_MAX) {
    return { file, nodes: [], services: new Map(), problems: [`${file} is longer than 1 MiB`] };
  }
  const { maps, damage } = readMaps(text);
  const vip = theVip(file, maps);
  const nodes = theNodes(file, maps);
  const missing = vip.problems.length + nodes.problems.length > 0;
  const why = missing && damage !== undefined ? [`${file} is not sound YAML at line ${damage}`] : [];
  return {
    file,
    ...(vip.value === undefined ? {} : { vip: vip.value }),
    nodes: nodes.value ?? [],
    services: servicesIn(maps),
    problems: [...vip.problems, ...nodes.problems, ...why],
  };
}

export type PairFromUserData = {
  readonly vip?: string;
  readonly nodes: readonly string[];
  readonly problems: readonly string[];
};

/** Puts the files of both nodes together. A contradiction is a problem that names both files, and its value is left out. */
export function combineUserData(all: readonly UserData[]): PairFromUserData {
  const problems: string[] = [];
  const vip = agreed(
    all.map(({ file, vip }) => ({ file, value: vip, shown: vip ?? '' })),
    'keepalived.vip',
    problems,
  );
  const nodes = agreed(
    all.map(({ file, nodes }) => ({
      file,
      value: nodes.length === 0 ? undefined : nodes,
      shown: nodes.toSorted().join(', '),
    })),
    'drbd.nodes',
    problems,
  );
  return { ...(vip === undefined ? {} : { vip }), nodes: nodes ?? [], problems };
}

function agreed<Value>(
  found: readonly { file: string; value: Value | undefined; shown: string }[],
  name: string,
  problems: string[],
): Value | undefined {
  const [first, ...others] = found.filter(({ value }) => value !== undefined);
  const other = others.find(({ shown }) => shown !== first?.shown);
  if (first === undefined || other === undefined) return first?.value;
  problems.push(`${name} is ${first.shown} in ${first.file} but ${other.shown} in ${other.file}`);
  return undefined;
}

type Found<Value> = { value?: Value; problems: string[] };

function theVip(file: string, maps: readonly YAMLMap[]): Found<string> {
  const written = distinct(
    valuesOf(maps, 'keepalived', 'vip')
      .filter(isScalar)
      .map(({ value }) => String(value)),
  );
  const [first, second] = written;
  if (first === undefined) return { problems: [`no keepalived.vip in ${file}`] };
  if (second !== undefined) return { problems: [`keepalived.vip is both ${first} and ${second} in ${file}`] };
  const value = addressOf(first);
  return value === undefined
    ? { problems: [`keepalived.vip in ${file} is no address: ${first}`] }
    : { value, problems: [] };
}

function theNodes(file: string, maps: readonly YAMLMap[]): Found<string[]> {
  const written = distinct(
    valuesOf(maps, 'drbd', 'nodes')
      .map((node) => scalarsOf(node).join(' '))
      .filter((text) => text !== ''),
  );
  const [first, second] = written;
  if (first === undefined) return { problems: [`no drbd.nodes in ${file}`] };
  if (second !== undefined) return { problems: [`drbd.nodes is both ${first} and ${second} in ${file}`] };
  const nodes = first.split(/[\s,]+/).map((each) => addressOf(each) ?? '');
  const isSound = nodes.length <= NODES_MAX && nodes.every((each) => each !== '');
  return isSound
    ? { value: nodes, problems: [] }
    : { problems: [`drbd.nodes in ${file} is not at most two addresses: ${first}`] };
}

/** Cisco's installer writes a VIP as `ip`, `ip:dev` or `[ipv6]:dev` (reference/esc.md 6.2); a prefix length is dropped too. */
function addressOf(written: string): string | undefined {
  const address = written.trim();
  if (isIP(address) !== 0) return address;
  const [, ipv6, ipv4] = /^(?:\[([^\]]+)\]|([0-9.]+))(?:\/[0-9]{1,3})?(?::[\w.-]+)?$/.exec(address) ?? [];
  const bare = ipv6 ?? ipv4 ?? address.replace(/\/[0-9]{1,3}$/, '');
  return isIP(bare) !== 0 ? bare : undefined;
}

function servicesIn(maps: readonly YAMLMap[]): ReadonlyMap<string, Service> {
  const services = new Map<string, Service>();
  for (const { items } of maps) {
    for (const { key, value } of items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (!isMap(value) || services.has(name)) continue;
      if (!(value.has('depend_on') || value.has('startup') || name === 'keepalived' || name === 'drbd')) continue;
      const startup = value.get('startup');
      services.set(name, {
        dependsOn: scalarsOf(value.get('depend_on', true)).map(dependency),
        startup: startup !== false && startup !== 'false',
      });
    }
  }
  return services;
}

function dependency(written: string): ServiceDependency {
  const [service = '', state] = written.split(':');
  return state === undefined ? { service } : { service, state };
}

function valuesOf(maps: readonly YAMLMap[], section: string, name: string): Node[] {
  return maps.flatMap((map) => {
    const inner = map.get(section);
    const value = isMap(inner) ? inner.get(name, true) : undefined;
    return isScalar(value) || isSeq(value) ? [value] : [];
  });
}

function scalarsOf(node: unknown): string[] {
  if (isScalar(node)) return node.value === null ? [] : [String(node.value)];
  return isSeq(node) ? node.items.filter(isScalar).map(({ value }) => String(value)) : [];
}

/** Every map of the text, outermost first, and those of the esc-config.yaml inside it; the first line that YAML objects to. */
function readMaps(text: string): { maps: YAMLMap[]; damage: number | undefined } {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, uniqueKeys: false });
  const maps: YAMLMap[] = [];
  collect(document.contents, maps, 0);
  const damageAt = document.errors[0]?.pos[0];
  const damage = damageAt === undefined ? undefined : lines.linePos(damageAt).line;
  for (const content of maps.map(escConfigIn)) {
    if (content !== undefined)
      collect(parseDocument(content, { prettyErrors: false, uniqueKeys: false }).contents, maps, 0);
  }
  return { maps, damage };
}

function escConfigIn(entry: YAMLMap): string | undefined {
  const path = entry.get('path');
  const content = entry.get('content');
  if (typeof path !== 'string' || typeof content !== 'string' || !path.endsWith('esc-config.yaml')) return undefined;
  const encoding = entry.get('encoding');
  return encoding === 'b64' || encoding === 'base64' ? Buffer.from(content, 'base64').toString() : content;
}

function collect(node: unknown, into: YAMLMap[], depth: number): void {
  if (depth > DEPTH_MAX) return;
  if (isMap(node)) {
    into.push(node);
    for (const { value } of node.items) collect(value, into, depth + 1);
  } else if (isSeq(node)) {
    for (const item of node.items) collect(item, into, depth + 1);
  }
}

const distinct = (all: readonly string[]): string[] => [...new Set(all)];
