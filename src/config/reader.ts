// Reads the whole configuration: file, then environment over it, then user data under it, then the schema, then the rules
// between keys. All problems are collected; either there is a configuration without any, or there is none.

import { readFileSync } from 'node:fs';
import { combineUserData, parseUserData } from '../esc/user-data.ts';
import { crossCheck, warningsOf } from './cross-checks.ts';
import { applyEnvironment, type Environment } from './environment-source.ts';
import { type ConfigProblem, problemLine } from './problem.ts';
import { plain, type RawMap, rawOf } from './raw.ts';
import { type Resolution, resolveSection, type Setting } from './resolve.ts';
import { type Config, schema } from './schema.ts';
import { readYamlFile, unreadable } from './yaml-source.ts';

export type ConfigReading = {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** What was set, by dotted key, for `printConfig`. */
  readonly settings: ReadonlyMap<string, Setting>;
};
export type ConfigRefusal = { readonly errors: readonly ConfigProblem[]; readonly warnings: readonly string[] };

/**
 * Reads and checks the configuration. `file` (or else NORTHGATE_CONFIG) may be absent: the environment alone can suffice.
 * Paths inside are relative to the working directory. Never throws for what a person wrote. Rule: contract.md section 2.
 */
export function readConfig(from: {
  file?: string | undefined;
  environment: Environment;
}): ConfigReading | ConfigRefusal {
  const { tree, problems } = readTree(from.file, from.environment);
  const environment = applyEnvironment(tree, from.environment);
  problems.push(...environment.problems);
  const imported = importUserData(tree);
  problems.push(...imported.problems);
  const resolution: Resolution = { problems, settings: new Map() };
  // The resolved shape follows the schema, member for member; only after a problem may some be absent.
  const config = resolveSection(schema, tree, '', resolution) as Config;
  problems.push(...crossCheck(config, problems).map((fault) => withPlace(fault, resolution.settings)));
  const warnings = [...environment.warnings, ...imported.warnings];
  if (problems.length > 0) return { errors: withReasons(problems, imported.reasons), warnings };
  return { config, warnings: [...warnings, ...warningsOf(config)], settings: resolution.settings };
}

/** The problems of a refusal for people: one line each. */
export function refusalText({ errors }: ConfigRefusal): string {
  return errors.map((problem) => `${problemLine(problem)}\n`).join('');
}

function readTree(file: string | undefined, environment: Environment): { tree: RawMap; problems: ConfigProblem[] } {
  const empty: RawMap = { kind: 'map', entries: new Map(), at: { from: 'environment', name: 'NORTHGATE_CONFIG' } };
  const path = file ?? environment.NORTHGATE_CONFIG;
  if (path === undefined || (path === '' && file === undefined)) return { tree: empty, problems: [] };
  const { tree, problems } = readYamlFile(path, file === undefined ? 'NORTHGATE_CONFIG' : '--config');
  return { tree: tree ?? empty, problems };
}

function withPlace(problem: ConfigProblem, settings: ReadonlyMap<string, Setting>): ConfigProblem {
  const at = settings.get(problem.key)?.raw.at;
  return at === undefined ? problem : { ...problem, at };
}

type Import = { problems: ConfigProblem[]; warnings: string[]; reasons: string[] };

/** Puts VIP and nodes of `esc.userData` where `esc.vip` and `esc.nodes` are not set; what is set wins, with a warning. */
function importUserData(tree: RawMap): Import {
  const esc = tree.entries.get('esc');
  const given = esc?.kind === 'map' ? esc.entries.get('userData') : undefined;
  if (esc?.kind !== 'map' || given?.kind !== 'list') return { problems: [], warnings: [], reasons: [] };
  const problems: ConfigProblem[] = [];
  const files = given.items.map(plain).filter((path) => typeof path === 'string');
  const parsed = files.flatMap((file) => {
    try {
      return [parseUserData(file, readFileSync(file, 'utf8'))];
    } catch (error) {
      problems.push({
        key: 'esc.userData',
        found: unreadable(file, error),
        expected: 'a user-data file or esc-config.yaml',
        at: given.at,
      });
      return [];
    }
  });
  const pair = combineUserData(parsed);
  for (const found of pair.problems) {
    problems.push({ key: 'esc.userData', found, expected: 'two files of one pair', at: given.at });
  }
  const reasons = parsed.flatMap(({ problems }) => problems);
  const at = { from: 'user-data', file: files.join(' and ') } as const;
  const warnings: string[] = [];
  for (const [name, value] of [
    ['vip', pair.vip],
    ['nodes', pair.nodes.length === 0 ? undefined : pair.nodes],
  ] as const) {
    if (value === undefined) continue;
    const explicit = esc.entries.get(name);
    if (explicit === undefined) esc.entries.set(name, rawOf(value, at));
    else if (!isSame(plain(explicit), value))
      warnings.push(
        `esc.${name}: set to another value than in ${at.file} (${[value].flat().join(', ')}); the one that is set is used`,
      );
  }
  // Without a VIP, what the files lack is the reason of an error; with one, it is good to know.
  if (esc.entries.has('vip')) warnings.push(...reasons);
  return { problems, warnings, reasons: esc.entries.has('vip') ? [] : reasons };
}

function isSame(one: unknown, other: unknown): boolean {
  const sorted = (value: unknown) => JSON.stringify([value].flat().toSorted());
  return sorted(one) === sorted(other);
}

/** An absent VIP is told with what its user data lacks, and not at all if the user data is at fault itself. */
function withReasons(problems: readonly ConfigProblem[], reasons: readonly string[]): ConfigProblem[] {
  const isImportWrong = problems.some(({ key }) => key === 'esc.userData');
  return problems.flatMap((problem) => {
    if (problem.key !== 'esc.vip' || !problem.found.startsWith('nothing')) return [problem];
    if (isImportWrong) return [];
    return reasons.length > 0 ? [{ ...problem, found: `nothing: ${reasons.join('; ')}` }] : [problem];
  });
}
