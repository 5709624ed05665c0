// The environment laid over a configuration tree. A variable becomes the same kind of raw value that the file would hold:
// lists are comma-separated, lists of objects are JSON, an empty variable counts as not set (that is what compose files
// pass for an unset one). Variables that orchestration systems inject for services named northgate… are no keys.

import { type KeyEntry, keyList, mayComeFromFile } from './key-list.ts';
import type { LeafKind } from './leaf.ts';
import { type ConfigProblem, nearest } from './problem.ts';
import { type Origin, type Raw, type RawMap, rawOf } from './raw.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'NORTHGATE_';
const notKeys: ReadonlySet<string> = new Set(['NORTHGATE_CONFIG', 'NORTHGATE_OPS_URL', 'NORTHGATE_OPS_TOKEN']);
/** Kubernetes gives every pod such variables for each service; a service named northgate… would end every start. */
const serviceLink = /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const serviceLinkValue = /^(tcp|udp|sctp):\/\//;

type Target = { readonly path: readonly string[]; readonly kind: LeafKind };
const targets: ReadonlyMap<string, Target> = new Map(keyList.flatMap(targetsOf));

function targetsOf({ path, variable, leaf }: KeyEntry): [string, Target][] {
  const own: [string, Target] = [variable, { path, kind: leaf.kind }];
  if (!mayComeFromFile(leaf)) return [own];
  const inFile: Target = { path: [...path.slice(0, -1), `${path.at(-1)}File`], kind: 'path' };
  return [own, [`${variable}_FILE`, inFile]];
}

/** Puts every NORTHGATE_ variable in its place in `tree`, over what the file says there. Changes `tree`. */
export function applyEnvironment(
  tree: RawMap,
  environment: Environment,
): { problems: ConfigProblem[]; warnings: string[] } {
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || notKeys.has(name) || value === undefined || value === '') continue;
    const target = targets.get(name);
    if (serviceLinkValue.test(value) || (target === undefined && serviceLink.test(name))) {
      warnings.push(`${name} is passed over: it looks like a variable that Kubernetes makes for a service`);
    } else if (target === undefined) {
      problems.push(unknownVariable(name));
    } else {
      const problem = put(tree, target, value, { from: 'environment', name });
      if (problem !== undefined) problems.push(problem);
    }
  }
  return { problems, warnings };
}

function unknownVariable(name: string): ConfigProblem {
  const meant = nearest(name, [...targets.keys()]);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return { key: name, found: 'a variable that is no key', expected: `NORTHGATE_ and a key${hint}` };
}

function put(tree: RawMap, { path, kind }: Target, value: string, at: Origin): ConfigProblem | undefined {
  const key = path.join('.');
  const raw = read(value, kind, at);
  if (raw === undefined) return { key, found: 'text that is not JSON', expected: 'a list of objects as JSON', at };
  let section = tree;
  for (const step of path.slice(0, -1)) {
    const found = section.entries.get(step);
    const inner: RawMap = found?.kind === 'map' ? found : { kind: 'map', entries: new Map(), at };
    // A section that is no map is reported when it is resolved, unless it merely is empty.
    if (found !== undefined && found.kind !== 'map' && !(found.kind === 'scalar' && found.value === null))
      return undefined;
    section.entries.set(step, inner);
    section = inner;
  }
  const name = path.at(-1) ?? '';
  // The environment wins as a whole: esc.password given here also puts esc.passwordFile of the file aside.
  const sibling = name.endsWith('File') ? name.slice(0, -'File'.length) : `${name}File`;
  if (section.entries.get(sibling)?.at.from === 'file') section.entries.delete(sibling);
  section.entries.set(name, raw);
  return undefined;
}

function read(value: string, kind: LeafKind, at: Origin): Raw | undefined {
  switch (kind) {
    case 'table':
      try {
        return rawOf(JSON.parse(value), at);
      } catch {
        return undefined;
      }
    case 'hosts':
    case 'networks':
    case 'paths':
    case 'keys': {
      const items = value.split(',').map((each) => each.trim());
      return rawOf(
        items.filter((each) => each !== ''),
        at,
      );
    }
    case 'integer':
      return rawOf(/^-?[0-9]{1,15}$/.test(value) ? Number(value) : value, at);
    case 'boolean':
      return rawOf(value === 'true' ? true : value === 'false' ? false : value, at);
    default:
      return rawOf(value, at);
  }
}
