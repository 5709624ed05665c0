/**
 * Whether a TCP connection can be made, and how it fails if not: refused, silent and unreachable want different remedies.
 * A connection that was made is given up at once; nothing is sent on it.
 */
import { connect } from 'node:net';
import { fail, pass, type Verdict, warn } from './check.ts';

export type Reached =
  | { readonly kind: 'connected'; readonly tookMs: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent'; readonly waitedMs: number }
  /** `code` as the system says it, such as EHOSTUNREACH. */
  | { readonly kind: 'unreachable'; readonly code: string };

/** Never rejects. */
export function reach(host: string, port: number, waitMs: number): Promise<Reached> {
  const beganAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (reached: Reached): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reached);
    };
    const timer = setTimeout(() => finish({ kind: 'silent', waitedMs: waitMs }), waitMs);
    socket.once('connect', () => finish({ kind: 'connected', tookMs: Math.round(performance.now() - beganAt) }));
    socket.on('error', (error) => finish(failureOf(error, waitMs)));
  });
}

function failureOf(error: NodeJS.ErrnoException, waitedMs: number): Reached {
  // A host name with several addresses gives an error of errors; the first one stands for all.
  const first = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  const code = first?.code ?? error.message;
  if (code === 'ECONNREFUSED') return { kind: 'refused' };
  return code === 'ETIMEDOUT' ? { kind: 'silent', waitedMs } : { kind: 'unreachable', code };
}

const seconds = (ms: number): string => `${ms / 1000} s`;

/** The VIP must be connected to. `what` is what should listen there. */
export function judgeVipConnection(reached: Reached, what: string): Verdict {
  switch (reached.kind) {
    case 'connected':
      return pass(`connected within ${reached.tookMs} ms`);
    case 'refused':
      return fail(
        'refused: the address is there, and nothing listens on this port',
        `see with \`sudo escadm status --v\` on the active node whether ${what} runs (a switchover takes 2 to 5 ` +
          'minutes), and whether the port is right; ESC’s external REST is off unless it was switched on at the deployment',
      );
    case 'silent':
      return fail(
        `silent for ${seconds(reached.waitedMs)}`,
        'add the VIP to the allowed address pairs of both VMs’ ports; check firewalls and security groups on the ' +
          'way, and with `cat /opt/cisco/esc/keepalived_state` on both nodes that one of them is MASTER',
      );
    case 'unreachable':
      return fail(
        `cannot be reached (${reached.code})`,
        'check the address, the network between here and ESC, and that the gateways of it answer ping',
      );
  }
}

/** A standby refuses, which is well; a node that says nothing at all is not there to take over. */
export function judgeNodeConnection(reached: Reached): Verdict {
  switch (reached.kind) {
    case 'connected':
      return pass(`connected within ${reached.tookMs} ms`);
    case 'refused':
      return pass('refused, as a standby may');
    case 'silent':
      return warn(
        `silent for ${seconds(reached.waitedMs)}: down, or not to be reached from here`,
        'see whether the VM runs; let this machine reach its health port, so that a switchover is noticed at once',
      );
    case 'unreachable':
      return warn(
        `cannot be reached (${reached.code})`,
        'see whether the VM runs and its address is right; without it nobody takes over',
      );
  }
}
