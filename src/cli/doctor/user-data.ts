/**
 * Where the files that the pair was deployed from (`esc.userData`) and the world differ: other addresses than are used,
 * and what answers at theirs. The configuration wins over the files; the doctor only says that they disagree.
 */
import { readFileSync } from 'node:fs';
import type { Config } from '../../config/schema.ts';
import { combineUserData, type PairFromUserData, parseUserData } from '../../esc/user-data.ts';
import { connectMaxMs } from './bounded.ts';
import { type Check, check, fail, pass, skip, type Verdict, warn } from './check.ts';
import { type Reached, reach } from './connection.ts';
import type { Seen } from './place.ts';

export async function examineUserData(config: Config, vip: Seen, nodes: readonly Seen[]): Promise<Check[]> {
  const { userData, health } = config.esc;
  if (userData.length === 0) return [check('user-data', 'esc.userData', skip('not set'))];
  const subject = userData.join(' and ');
  const files = readAll(userData);
  if (typeof files === 'string')
    return [check('user-data', subject, fail(files, 'give files that this user may read'))];
  const { pair, problems } = files;
  const waitMs = Math.min(config.esc.timeouts.connectMs, connectMaxMs);
  const ask = (host: string): Promise<Reached> => reach(host, health.port, waitMs);
  const answers = pair.vip === undefined || vip.addresses.includes(pair.vip) ? null : await ask(pair.vip);
  return [
    ...problems.map((problem) =>
      check('user-data', subject, warn(problem, 'correct the file, so that the next deployment from it is what runs')),
    ),
    check('user-data.vip', subject, judgeUserVip(pair.vip, vip, answers)),
    check('user-data.nodes', subject, judgeUserNodes(pair.nodes, nodes)),
  ];
}

function readAll(paths: readonly string[]): { pair: PairFromUserData; problems: readonly string[] } | string {
  try {
    const parsed = paths.map((path) => parseUserData(path, readFileSync(path, 'utf8')));
    const pair = combineUserData(parsed);
    return { pair, problems: [...parsed.flatMap(({ problems }) => problems), ...pair.problems] };
  } catch (error) {
    return (error as Error).message;
  }
}

/** `answers`: what the health port at the files' VIP does, where that is not the VIP in use. */
function judgeUserVip(written: string | undefined, vip: Seen, answers: Reached | null): Verdict {
  if (written === undefined) return skip('the files have no keepalived.vip');
  if (answers === null) return pass(`keepalived.vip ${written} is the VIP in use`);
  const world = answers.kind === 'connected' ? 'answers too' : `does not answer (${answers.kind})`;
  return warn(
    `keepalived.vip is ${written}, which ${world}; esc.vip in use is ${vip.host}, which is ${vip.health}`,
    'correct esc.vip, or the files: `escadm ha set` may have changed the VIP since the deployment',
  );
}

function judgeUserNodes(written: readonly string[], nodes: readonly Seen[]): Verdict {
  if (written.length === 0) return skip('the files have no drbd.nodes');
  const used = nodes.flatMap(({ addresses }) => addresses);
  const unused = written.filter((address) => !used.includes(address));
  const unwritten = nodes.filter(({ addresses }) => !addresses.some((address) => written.includes(address)));
  if (unused.length === 0 && unwritten.length === 0) return pass(`drbd.nodes ${written.join(' and ')} are esc.nodes`);
  const active = unwritten.find(({ health }) => health === 'ready');
  const world = active === undefined ? '' : `; ${active.host}, which is active, is not among them`;
  return warn(
    `drbd.nodes are ${written.join(' and ')}, esc.nodes ${nodes.map(({ host }) => host).join(' and ')}${world}`,
    'correct esc.nodes, or the files; addresses of one network and of another (floating ones) are both right if both ' +
      'lead to the same VMs',
  );
}
