// What is not known of a real ESC, as data: every profile key is one open question of reference/esc.md, with the
// likeliest answer as its default. Also the options of a simulated pair and their defaults. No behaviour lives here.
import type { ResourceType } from './resources.ts';
import type { ServiceGraph } from './services.ts';
import { chapterServices } from './services.ts';
import type { PhaseDurations } from './takeover.ts';

/** Open questions about ESC, each with the variants that the pair can play. */
export type Profiles = {
  /** Cisco's documents spell it in three ways (esc.md 1.5). */
  transactionHeader: 'esc-transaction-id' | 'ESC-Transaction-Id' | 'ESC_TRANSACTION_ID';
  /** The immediate answer to an accepted request (esc.md 1.6). */
  acceptedStatus: 200 | 201 | 202;
  /** A second create of an id that is there: 409, or accepted with no event (esc.md 1.8). */
  duplicateCreate: 'conflict' | 'ok';
  /** JSON bodies get 415, or are taken (esc.md 1.1). */
  json: 'refused' | 'allowed';
  /** What a standby's own health port does (esc.md 5). */
  standbyHealth: 'refused' | '5xxx';
  /** Whether a 5xxx health code comes with HTTP 200 or 503 (esc.md 5). */
  healthStatus: 'always-200' | 'follows';
  /** Whether a JSON health report stands bare or inside `esc_health_report`. */
  healthJson: 'flat' | 'wrapped';
  /** Unscaled time by which health says READY before REST takes provisioning (esc.md 10, item 22). */
  healthReadyEarlyMs: number;
  /** The same update again after it failed: accepted with no effect, or 409 (esc.md 1.8). */
  retriedFailedUpdate: 'ignored' | 'conflict';
  /** Further tries of a callback that did not get a 2xx; ESC is believed to make none. */
  callbackRetries: number;
  /** How often each callback is sent. */
  callbackCopies: number;
  /** The order of one transaction's callbacks. */
  callbackOrder: 'kept' | 'reversed';
  /** Whether callbacks that a switchover swallowed are sent by the new active once it is READY. */
  callbackAfterSwitchover: 'lost' | 'late';
  /** What an application container answers before its application is there. */
  containerAnswer: 'not-found' | 'unavailable' | 'alternating';
  /** Whether resources other than deployments show a state element when read. */
  resourceState: 'shown' | 'hidden';
};

export const defaultProfiles: Profiles = {
  transactionHeader: 'esc-transaction-id',
  acceptedStatus: 200,
  duplicateCreate: 'conflict',
  json: 'refused',
  standbyHealth: 'refused',
  healthStatus: 'always-200',
  healthJson: 'flat',
  healthReadyEarlyMs: 0,
  retriedFailedUpdate: 'ignored',
  callbackRetries: 0,
  callbackCopies: 1,
  callbackOrder: 'kept',
  callbackAfterSwitchover: 'lost',
  containerAnswer: 'alternating',
  resourceState: 'shown',
};

type WorkMs = Record<ResourceType | 'operation', number>;

/** Options of a pair, complete. Durations marked scaled are multiplied by `timeScale`. */
export type PairSettings = {
  vip: string;
  nodes: readonly [string, string];
  /** 0 takes a free port; the same number is used on the VIP and on both nodes. */
  restPort: number;
  healthPort: number;
  /** On 127.0.0.1; undefined means no control listener. */
  controlPort: number | undefined;
  timeScale: number;
  /** Unscaled durations of P0 to P3; what is left out follows the cause and the number of deployments. */
  phases: Partial<PhaseDurations>;
  /** Scaled: how long after READY the lost peer is back as standby. */
  peerReturnMs: number;
  /** Scaled: asynchronous work per kind of resource. */
  workMs: WorkMs;
  /** Not scaled: how long a request waits inside ESC. */
  answerDelayMs: number;
  /** Whether that wait lies before the request is stored or between storing and answering. */
  answerDelayAt: 'before-commit' | 'after-commit';
  /** How many of the last commits the standby never got (DRBD lag). */
  replicationLagCommits: number;
  profiles: Profiles;
  auth: { username: string; password: string } | undefined;
  tls: { cert: string; key: string } | undefined;
  services: ServiceGraph;
  limits: Limits;
};

type Limits = {
  bodyMaxBytes: number;
  resourcesMax: number;
  /** Entries kept in each log; the oldest go first. */
  ledgerMax: number;
  requestsMax: number;
  /** Of a request's body in the log. */
  loggedBodyMaxBytes: number;
  connectionsMax: number;
  /** Bytes of one connection held back by a cut path or a frozen node, before its sender is slowed. */
  wireBufferMaxBytes: number;
  callbackTimeoutMs: number;
  callbacksMax: number;
};

/** Options of a pair; everything has a default. */
export type PairOptions = Partial<Omit<PairSettings, 'profiles' | 'workMs' | 'limits'>> & {
  profiles?: Partial<Profiles>;
  workMs?: Partial<WorkMs>;
  limits?: Partial<Limits>;
};

const defaultWorkMs: WorkMs = {
  tenant: 500,
  network: 1000,
  subnet: 1000,
  image: 2000,
  flavor: 500,
  volume: 2000,
  deployment: 17_000,
  operation: 5000,
};

const defaultLimits: Limits = {
  bodyMaxBytes: 1_048_576,
  resourcesMax: 100_000,
  ledgerMax: 200_000,
  requestsMax: 50_000,
  loggedBodyMaxBytes: 16_384,
  connectionsMax: 10_000,
  wireBufferMaxBytes: 1_048_576,
  callbackTimeoutMs: 5000,
  callbacksMax: 100_000,
};

/** Fills in every default. */
export function pairSettings(options: PairOptions): PairSettings {
  return {
    vip: '127.0.0.10',
    nodes: ['127.0.0.11', '127.0.0.12'],
    restPort: 0,
    healthPort: 0,
    controlPort: undefined,
    timeScale: 1,
    phases: {},
    peerReturnMs: 60_000,
    answerDelayMs: 0,
    answerDelayAt: 'before-commit',
    replicationLagCommits: 0,
    auth: undefined,
    tls: undefined,
    services: chapterServices,
    ...options,
    profiles: { ...defaultProfiles, ...options.profiles },
    workMs: { ...defaultWorkMs, ...options.workMs },
    limits: { ...defaultLimits, ...options.limits },
  };
}
