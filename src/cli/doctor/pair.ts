/**
 * What VIP and nodes say together: whether exactly one node is active, and whether the VIP leads to it. Pure. What one
 * place says of itself is judged in health.ts; a switchover under way looks like a fault here, and is told apart by time.
 */
import { fail, pass, skip, type Verdict, warn } from './check.ts';
import type { Seen } from './place.ts';

const roles = '`cat /opt/cisco/esc/keepalived_state` on both nodes';
const goesOn = 'a switchover takes 2 to 5 minutes; if it stays so,';

const isReady = ({ health }: Seen): boolean => health === 'ready';

/** Exactly one node is active. */
export function judgeActive(vip: Seen, nodes: readonly Seen[]): Verdict {
  if (nodes.length === 0) return skip('esc.nodes is empty');
  const active = nodes.filter(isReady);
  if (active.length > 1) {
    return fail(
      `${active.map(({ host }) => host).join(' and ')} both say that they are active: a split brain`,
      `stop ESC on the one that is wrong before both write: compare ${roles} and the DRBD state, and check the network ` +
        'between the nodes (VRRP, DRBD)',
    );
  }
  if (active[0] !== undefined) return pass(`${active[0].host} is active`);
  if (isReady(vip)) return skip('no node says so, yet the VIP is READY: see pair.vip');
  const unasked = nodes.filter(({ health }) => health === 'unknown');
  if (unasked.length > 0) {
    const hosts = unasked.map(({ host }) => host).join(' and ');
    return skip(`whether a node is active cannot be told: ${hosts} could not be asked, see node.health`);
  }
  return fail(
    `no node is active: ${nodes.map(({ host, health }) => `${host} ${wordOf[health]}`).join(', ')}`,
    `${goesOn} see ${roles}, \`sudo escadm status --v\`, and keepalived’s lines in /var/log/messages`,
  );
}

const wordOf = {
  ready: 'is READY',
  'not-ready': 'is not READY',
  refused: 'refuses',
  silent: 'is silent',
  unknown: 'could not be asked',
} as const;

/** The VIP leads to the active node. */
export function judgeVip(vip: Seen, nodes: readonly Seen[]): Verdict {
  if (nodes.length === 0) return skip('esc.nodes is empty');
  const active = nodes.filter(isReady);
  if (isReady(vip)) return active.length === 0 ? judgeHolder(nodes) : judgeIdentity(vip, active);
  const [first] = active;
  if (first === undefined) return skip('no node says that it is active');
  if (vip.health === 'unknown') return skip('the VIP could not be asked: see vip.health');
  return fail(
    `${first.host} is active, and the VIP ${wordOf[vip.health]}`,
    'add the VIP to the allowed address pairs of both VMs’ ports (OpenStack drops it otherwise), see with `ip address` ' +
      'on that node that it holds the VIP, and whether neighbours still send to the other one (stale ARP)',
  );
}

/** The VIP answers, and no node of the configuration says that it is the one. */
function judgeHolder(nodes: readonly Seen[]): Verdict {
  const hosts = nodes.map(({ host }) => host).join(' and ');
  const isHeard = nodes.some(({ health }) => health === 'refused' || health === 'not-ready');
  if (isHeard) {
    return fail(
      `the VIP is READY, and none of ${hosts} says that it is active`,
      'see with `ip address` on both nodes who holds the VIP: esc.nodes may be of another pair, another machine may have ' +
        'the address, or the nodes’ security group refuses their health port to this machine',
    );
  }
  return warn(
    `the VIP is READY; none of ${hosts} could be asked`,
    'let this machine reach the nodes’ own health ports: a switchover without a failed probe may go unnoticed',
  );
}

/** Each node ships its own certificate, so another one at the VIP than at the active is another machine. */
function judgeIdentity(vip: Seen, active: readonly Seen[]): Verdict {
  const known = active.map(({ fingerprint }) => fingerprint);
  if (vip.fingerprint !== null && !known.includes(null) && !known.includes(vip.fingerprint)) {
    return fail(
      `the VIP shows another certificate than the active node ${active.map(({ host }) => host).join(' and ')}`,
      'see with `ip address` on both nodes who holds the VIP: another machine may have the address',
    );
  }
  return pass('the VIP is READY, and so is the active node');
}

const skewMaxMs = 5_000;

/** `who` as in "ESC’s clock". */
export function judgeClock(skewMs: number | null, who: string): Verdict {
  if (skewMs === null) return skip('no answer had a date');
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= skewMaxMs) return pass(`${who} clock agrees with ours within ${skewMaxMs / 1000} s`);
  return warn(
    `${who} clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} ours`,
    'let both follow the same time servers (NTP): certificates, and the comparison of logs, depend on it',
  );
}
