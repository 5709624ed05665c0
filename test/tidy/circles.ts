/**
 * Circles among files: of two that import each other, types included, neither can be read first. Sources in, complaints out,
 * one a circle; only what is handed in is looked at.
 */
import { posix } from 'node:path';
import { importsOf, type Source } from './imports.ts';

/** `allowed`: circles that are known, each as its paths in order. */
export function circleComplaints(sources: readonly Source[], allowed: readonly (readonly string[])[] = []): string[] {
  const known = new Set(allowed.map((paths) => paths.join(' ')));
  return circlesOf(sources)
    .map((paths) => paths.toSorted().join(' '))
    .filter((circle) => !known.has(circle))
    .map((circle) => `these import each other: ${circle}`);
}

/** Each set of files of which every one reaches every other. */
function circlesOf(sources: readonly Source[]): string[][] {
  const targets = new Map(
    sources.map(({ path, text }) => [path, importsOf(text).map(({ from }) => posix.join(posix.dirname(path), from))]),
  );
  const reached = new Map([...targets.keys()].map((path) => [path, reachedFrom(path, targets)]));
  const placed = new Set<string>();
  const circles: string[][] = [];
  for (const [path, from] of reached) {
    if (placed.has(path) || !from.has(path)) continue;
    const circle = [...from].filter((other) => reached.get(other)?.has(path) === true);
    for (const each of circle) placed.add(each);
    circles.push(circle);
  }
  return circles;
}

function reachedFrom(start: string, targets: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const ahead = [...(targets.get(start) ?? [])];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    ahead.push(...(targets.get(next) ?? []));
  }
  return reached;
}
