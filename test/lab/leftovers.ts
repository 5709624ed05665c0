/**
 * The end of what the lab made on its machine: the processes in its namespaces, the namespaces, its folders. Done at
 * once and without waiting, so that it can be the last thing a process does, whatever ends it.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAtOnce } from './commands.ts';
import { namespacePattern } from './network.ts';

const killRoundsMax = 50;

/** Folders of the lab: the process that made them is in the name. */
export const folderPrefix = (): string => `nglab-${process.pid}-`;
const folderPattern = /^nglab-(\d+)-/;

/** All namespaces of the lab on this machine. */
export function namespacesThere(): string[] {
  const listed = runAtOnce('ip', 'netns', 'list').split('\n');
  return listed.map((line) => line.split(' ')[0] ?? '').filter((name) => namespacePattern.test(name));
}

/** Kills whatever runs in the namespaces, frozen or not, and removes them. */
export function removeNamespaces(names: readonly string[]): void {
  for (let round = 0; round < killRoundsMax; round += 1) {
    const pids = names.flatMap((name) => runAtOnce('ip', 'netns', 'pids', name).split('\n')).map(Number);
    const running = pids.filter((pid) => pid > 0 && isRunning(pid));
    for (const pid of running) kill(pid);
    if (running.length === 0) break;
  }
  for (const name of names) runAtOnce('ip', 'netns', 'del', name);
}

/** Removes what runs of the lab left that were killed. How many namespaces there were. */
export function removeLeftovers(): number {
  const isLeft = (maker: number): boolean => maker === process.pid || !isLab(maker);
  const names = namespacesThere().filter((name) => isLeft(Number(namespacePattern.exec(name)?.[1])));
  removeNamespaces(names);
  for (const name of readdirSync(tmpdir())) {
    const maker = folderPattern.exec(name)?.[1];
    if (maker !== undefined && isLeft(Number(maker))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  return names.length;
}

/** Whether the process lives and is one of the lab: another one may have got the number meanwhile. */
function isLab(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('lab');
  } catch {
    return false;
  }
}

/** A dead one that nobody has taken notice of yet is in the list, and is not waited for. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
