/**
 * What an orchestrator asks of a generated client, in words that all generators share. Each driver in `drivers/` says it
 * with the names and types that its generator made; the story in `story.ts` is told once, and told of each of them.
 */

/** What an orchestrator brings beside the generated code: where the gateway is, who it is, and how it writes ESC's XML. */
export interface Surroundings {
  readonly northboundUrl: string;
  readonly opsUrl: string;
  readonly username: string;
  readonly password: string;
  readonly opsToken: string;
  /** An object of a generated type as the XML document of that root element. */
  toXml(root: string, value: unknown): string;
  /** The content of the root element. */
  fromXml(text: string): object;
}

/** One answer, as the generated client decoded it. */
export interface Reply<Value> {
  readonly status: number;
  readonly headers: Headers;
  /** Of a 2xx; else null. */
  readonly value: Value | null;
  /** Of an error of the gateway's: the document's named type. */
  readonly problem: ProblemSeen | null;
}

export interface ProblemSeen {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly sent?: 'no' | 'maybe' | 'yes' | undefined;
  readonly transaction?: string | undefined;
}

export interface TransactionSeen {
  readonly id: string;
  readonly status: string;
  readonly path: string;
  /** How often it was sent. */
  readonly attempts: number;
  /** RFC 3339. */
  readonly receivedAt: string;
  readonly settledAt: string | null;
  readonly responseStatus: number | null;
}

/** Header fields of a transaction's request. */
export interface Wishes {
  readonly idempotencyKey?: string;
  readonly prefer?: string;
}

export interface Orchestrator {
  createTenant(id: string, name: string, wishes?: Wishes): Promise<Reply<string>>;
  readTenant(id: string): Promise<Reply<{ name?: string | undefined }>>;
  deleteTenant(id: string): Promise<Reply<string>>;
  createNetwork(tenant: string, id: string): Promise<Reply<string>>;
  /** One VM group on the network. */
  createDeployment(tenant: string, id: string, network: string): Promise<Reply<string>>;
  transaction(id: string): Promise<Reply<TransactionSeen>>;
  /** ESC's answer as the gateway recorded it. */
  recordedAnswer(id: string): Promise<Reply<string>>;
  /** From the ops listener, as are all below. */
  pair(): Promise<Reply<{ gate: string; epoch: number }>>;
  switchovers(): Promise<Reply<readonly { epoch: number; cause: string }[]>>;
  transactions(status: 'held' | 'completed'): Promise<Reply<readonly TransactionSeen[]>>;
  replay(id: string): Promise<Reply<TransactionSeen>>;
}

/** What each module in `drivers/` exports. */
export interface Driver {
  orchestrator(surroundings: Surroundings): Orchestrator;
}
