/** What the lab needs of its machine, and what of it is missing: root, and four programs. */
import { spawnSync } from 'node:child_process';
import { runAtOnce } from './commands.ts';
import { namespacesThere } from './leftovers.ts';

const programs: readonly (readonly [command: string, version: string, package_: string])[] = [
  ['ip', '-V', 'iproute2'],
  ['nft', '--version', 'nftables'],
  ['keepalived', '--version', 'keepalived'],
  ['redis-server', '--version', 'redis-server'],
  ['bash', '--version', 'bash'],
  ['flock', '--version', 'util-linux'],
];

/** One sentence a fault, with what to do; empty: the lab can be run. */
export function missing(): string[] {
  const found: string[] = [];
  if (process.platform !== 'linux') return ['the lab needs Linux: it is made of network namespaces'];
  if (process.getuid?.() !== 0) found.push('the lab makes network namespaces, which only root may: run it as root');
  for (const [command, version, package_] of programs) {
    const isThere = spawnSync(command, [version], { stdio: 'ignore' }).error === undefined;
    if (!isThere) found.push(`${command} is not installed: apt-get install ${package_}`);
  }
  if (found.length > 0) return found;
  const name = `nglab-${process.pid}-try-lan`;
  runAtOnce('ip', 'netns', 'add', name);
  const isMade = namespacesThere().includes(name);
  runAtOnce('ip', 'netns', 'del', name);
  return isMade
    ? []
    : ['this machine gives no network namespaces: `ip netns add` fails; a container needs --privileged'];
}
