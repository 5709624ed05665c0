// One of the two nodes as the world sees it: its keepalived role, what its ports do, how far its services are, and the
// life that serves while it is active. A record without behaviour; cluster.ts moves it.
import type { Life } from './life.ts';
import type { Phase, PortMode } from './takeover.ts';

/** The content of /opt/cisco/esc/keepalived_state, as far as it is known (reference/esc.md 6.3). */
type KeepalivedState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP' | 'SWITCHING_TO_MASTER';

export type SimNode = {
  readonly address: string;
  readonly place: 0 | 1;
  keepalived: KeepalivedState;
  rest: PortMode;
  health: PortMode;
  /** How far this node is with its services; P4 if it never took over. */
  phase: Phase;
  /** Services that run, in the order in which they started. */
  running: readonly string[];
  /** A code its monitor reports whatever runs: the application died, the disk fails. */
  brokenCode: number | undefined;
  /** Whether its monitor says READY before REST takes provisioning. */
  saysReady: boolean;
  life: Life | undefined;
};

/** A node that follows: a whole copy of the database, no services. */
export function standbyNode(address: string, place: 0 | 1, health: PortMode): SimNode {
  return {
    address,
    place,
    keepalived: 'BACKUP',
    rest: 'refused',
    health,
    phase: 'P4',
    running: [],
    brokenCode: undefined,
    saysReady: false,
    life: undefined,
  };
}
