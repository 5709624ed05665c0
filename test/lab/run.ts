/**
 * The whole lab: pairs side by side, each with the causes that suit it. Whatever ends it, nothing of it stays: the
 * processes, the namespaces and the folders go with this process, and a later run removes what a killed one left.
 */
import { type Cause, causes } from './causes.ts';
import { type CourseOptions, runCourse } from './course.ts';
import { type Figures, figuresOf } from './figures.ts';
import type { Vrrp } from './keepalived.ts';
import { namespacesThere, removeLeftovers } from './leftovers.ts';
import type { Pace } from './settings.ts';

export interface LabOptions {
  readonly pace: Pace;
  /** HTTPS with a certificate a node; a promise broken because a node without the role answered fails the run then. */
  readonly isSecure: boolean;
  /** Names of causes; none: all. */
  readonly only: readonly string[];
  /** Where logs and configurations stay, a folder a pair; without it nothing does. */
  readonly keep?: string | undefined;
  readonly print: (line: string) => void;
}

export interface Verdict {
  readonly figures: readonly Figures[];
  /** Broken promises, and what did not come to pass. Empty: all is well. */
  readonly complaints: readonly string[];
}

interface Group {
  readonly name: string;
  readonly vrrp: Vrrp;
  readonly causes: readonly string[];
}

/** What needs the first node to be the active one, or a node that comes back, stands first or where it preempts. */
const groups: readonly Group[] = [
  {
    name: 'unicast',
    vrrp: { transport: 'unicast', preempts: false },
    causes: ['arp-blackout', 'link-down', 'cut-off', 'keepalived-stopped', 'node-frozen'],
  },
  {
    name: 'multicast',
    vrrp: { transport: 'multicast', preempts: false },
    causes: ['split-brain', 'process-killed', 'process-frozen', 'planned', 'keepalived-killed'],
  },
  {
    name: 'preempting',
    vrrp: { transport: 'multicast', preempts: true },
    causes: ['flapping', 'failback', 'strict-firewall', 'one-way'],
  },
];

const clientsOfPair = 20;

export const causeNames: readonly string[] = causes.map(({ name }) => name);

/** Runs once. Rejects if the lab itself could not be set up. */
export async function runLab({ pace, isSecure, only, keep, print }: LabOptions): Promise<Verdict> {
  const isWanted = ({ name }: Cause): boolean => only.length === 0 || only.includes(name);
  const removed = removeLeftovers();
  if (removed > 0) print(`the lab: ${removed} namespaces of an earlier run were removed`);
  const removeAll = (): void => void removeLeftovers();
  const interrupted = (): never => process.exit(130);
  process.on('exit', removeAll);
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  try {
    const courses = groups
      .map((group): CourseOptions => {
        const chosen = group.causes.flatMap(
          (name) => causes.find((cause) => cause.name === name && isWanted(cause)) ?? [],
        );
        const seed = Math.floor(Math.random() * 1e9);
        return {
          name: group.name,
          vrrp: group.vrrp,
          causes: chosen,
          pace,
          clients: clientsOfPair,
          seed,
          isSecure,
          keep,
          print,
        };
      })
      .filter((each) => each.causes.length > 0);
    const done = await Promise.allSettled(courses.map((each) => runCourse(each)));
    const figures = done.flatMap((each) => (each.status === 'fulfilled' ? figuresOf(each.value) : []));
    const failed = done.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
    const unfinished = done.flatMap((each) => (each.status === 'fulfilled' ? each.value.complaints : []));
    return { figures, complaints: [...failed, ...unfinished, ...figures.flatMap(({ broken }) => broken), ...stays()] };
  } finally {
    removeAll();
    process.off('exit', removeAll);
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
}

/** What this run did not take away with it. */
function stays(): string[] {
  const own = namespacesThere().filter((name) => name.startsWith(`nglab-${process.pid}-`));
  return own.map((name) => `the namespace ${name} is still there`);
}
