// A switchover as data: its causes with their symptoms, and how long its phases last (reference/esc.md 6.4). Pure. P0 the
// active is gone, P1 the VIP has moved and nothing listens, P2 the container answers without its application, P3 INIT,
// P4 READY. Timing is timetable.ts, the walk cluster.ts; silence and refusal are carried out in network.ts.

export type Phase = 'P0' | 'P1' | 'P2' | 'P3' | 'P4';

/** Unscaled milliseconds of the phases that end. */
export type PhaseDurations = { P0: number; P1: number; P2: number; P3: number };

/** The six causes of the HA chapter. */
export type Cause = 'network' | 'power' | 'dead-vm' | 'planned' | 'hardware' | 'application';

/** What a port does to who calls it. `silent` takes connections and never answers: loopback cannot drop a SYN. */
export type PortMode = 'serving' | 'silent' | 'refused';

/** What the world sees of a switchover; every field may be set for one switchover. */
export type Symptoms = {
  /** Established REST and health connections in P0: nothing more comes; a reset; or an orderly close. */
  established: 'hang' | 'reset' | 'close';
  /** The ports of the old active in P0. */
  rest: PortMode;
  health: PortMode;
  /** Code that a health port still serving gives in P0. */
  healthCode: number;
  /** Connections that hang, once the VIP has moved: reset by the bytes a client sends, or at once (TCP keepalive). */
  atMove: 'reset-on-bytes' | 'reset';
  /** Whether the old active, cut off but alive, still carries its running work out on the VIM. Commits are lost. */
  oldNodeFinishes: boolean;
  /** What is left of resources whose work was dropped. */
  leftover: 'stuck' | 'error';
  /** Share of the detection time P0 that this cause needs. */
  detectShare: number;
};

export const causes: Readonly<Record<Cause, Symptoms>> = {
  // A cut cable or partition: silence; the node itself lives on unseen.
  network: symptoms({ established: 'hang', rest: 'silent', health: 'silent' }),
  // Everything is gone at once, and so are the answers under way.
  power: symptoms({ established: 'hang', rest: 'silent', health: 'silent' }),
  'dead-vm': symptoms({ established: 'hang', rest: 'silent', health: 'silent' }),
  // Services are stopped first, so connections are reset in the middle of an answer; the VIP moves at once.
  planned: symptoms({ established: 'reset', rest: 'refused', health: 'refused', detectShare: 0 }),
  // A failing disk: the application hangs with what it took, the health monitor still speaks.
  hardware: symptoms({ established: 'hang', rest: 'silent', health: 'serving', healthCode: 5090 }),
  // The ESC manager process died on a live VM: the kernel refuses, the health monitor says so.
  application: symptoms({ established: 'reset', rest: 'refused', health: 'serving', healthCode: 5010 }),
};

function symptoms(particular: Partial<Symptoms> & Pick<Symptoms, 'established' | 'rest' | 'health'>): Symptoms {
  return {
    healthCode: 5090,
    atMove: 'reset-on-bytes',
    oldNodeFinishes: false,
    leftover: 'stuck',
    detectShare: 1,
    ...particular,
  };
}

/**
 * Unscaled durations of a takeover: two to five minutes altogether, growing with the number of deployments
 * (HA chapter, notes). What `given` sets is taken as it is.
 */
export function phaseDurations(
  deployments: number,
  cause: Symptoms,
  given: Partial<PhaseDurations> = {},
): PhaseDurations {
  return {
    P0: given.P0 ?? 3600 * cause.detectShare,
    P1: given.P1 ?? Math.min(90_000 + deployments * 500, 250_000),
    P2: given.P2 ?? 6000,
    P3: given.P3 ?? Math.min(20_400 + deployments * 50, 40_000),
  };
}
