/**
 * The operations of the catalogue as `openapi/northbound.yaml` says them: each path's methods with their `x-northgate` policy,
 * read, checked and compiled once at the start. A wrong document is said fault by fault, never half used.
 * It does not match requests; `catalogue.ts` does.
 */
import { Ajv } from 'ajv';
import type { Ack, OperationKind, ReplayPolicy } from '../domain/transaction.ts';
import { completeWithinDefaultMs, durationMs } from './completion-time.ts';
import { compileTemplate, parametersOf, type Template } from './template.ts';

/** Where an operation of a path stands, before a request fills it in. `lane` null: the request's path itself. */
export interface Placement {
  readonly resourceType: string;
  readonly lane: Template | null;
  readonly ancestors: readonly Template[];
}

/** One operation's policy, before a request fills it in. */
export interface Rule {
  /** Operation id, null where the catalogue knows none. */
  readonly operation: string | null;
  readonly kind: OperationKind;
  readonly ack: Ack;
  readonly replay: ReplayPolicy;
  /** Milliseconds, or by the deployment's own boot time. */
  readonly completeWithin: number | 'deployment';
  readonly look: Template | null;
  readonly successStatus: number;
  /** Replay policies of single actions, by the `operation` in the body; null where the body does not matter. */
  readonly actions: ReadonlyMap<string, ReplayPolicy> | null;
  readonly placement: Placement;
}

/** A path of the document: the operations it declares, and where whatever else is sent to it stands. */
export interface KnownPath {
  readonly path: string;
  readonly parameters: readonly string[];
  readonly rules: ReadonlyMap<string, Rule>;
  readonly placement: Placement;
}

/** Methods that change something and so are transactions (contract.md section 3). */
export const mutatingMethods: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

interface Extension {
  resource: string;
  lane: string;
  ancestors?: string[];
  kind: OperationKind;
  ack: Ack;
  completeWithin?: string;
  look?: string | null;
  replay: ReplayPolicy;
  actions?: Record<string, { replay: ReplayPolicy }>;
}

const replayPolicies = { enum: ['auto', 'operator', 'never'] };

const isExtension = new Ajv({ allErrors: true }).compile<Extension>({
  type: 'object',
  required: ['resource', 'lane', 'kind', 'ack', 'replay'],
  additionalProperties: false,
  properties: {
    resource: { type: 'string', minLength: 1 },
    lane: { type: 'string', minLength: 1, pattern: '^[^/]' },
    ancestors: { type: 'array', items: { type: 'string', minLength: 1 } },
    kind: { enum: ['create', 'update', 'delete', 'action', 'other'] },
    ack: { enum: ['answer', 'report', 'resource', 'occurrence'] },
    completeWithin: { type: 'string' },
    look: { type: 'string', nullable: true, pattern: '^/' },
    replay: replayPolicies,
    actions: {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: '^[A-Z][A-Z_]*$' },
      additionalProperties: {
        type: 'object',
        required: ['replay'],
        additionalProperties: false,
        properties: { replay: replayPolicies },
      },
    },
  },
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A path that find-my-way can hold as it stands: each segment a literal or one whole `{name}`. */
export function pathFault(path: string): string | null {
  if (!path.startsWith('/')) return 'does not begin with /';
  const segments = path.slice(1).split('/');
  const odd = segments.find((segment) => !/^(?:\{[^{}/]+\}|[A-Za-z0-9._~-]+)$/.test(segment));
  if (odd !== undefined) return `has a segment that is neither plain text nor one {parameter}: "${odd}"`;
  const names = parametersOf(path);
  return new Set(names).size === names.length ? null : 'names a parameter twice';
}

/** Reads the paths of a document that carry a policy. What is wrong is added to `faults`, a sentence each. */
export function readOperations(document: unknown, faults: string[]): KnownPath[] {
  const paths = isObject(document) ? document.paths : undefined;
  if (!isObject(paths)) {
    faults.push('the document has no `paths`');
    return [];
  }
  const known: KnownPath[] = [];
  for (const [path, item] of Object.entries(paths)) {
    const parameters = parametersOf(path);
    const rules = new Map<string, Rule>();
    let placement: Placement | null = null;
    for (const [name, operation] of Object.entries(isObject(item) ? item : {})) {
      const method = name.toUpperCase();
      if (!isObject(operation) || !/^(?:GET|POST|PUT|PATCH|DELETE)$/.test(method)) continue;
      const rule = readRule({ path, method, parameters, operation }, faults);
      if (rule === null) continue;
      rules.set(method, rule);
      placement ??= rule.placement;
    }
    const fault = pathFault(path);
    if (fault !== null) faults.push(`path ${path} ${fault}`);
    else if (placement !== null) known.push({ path, parameters, rules, placement });
  }
  return known;
}

interface Declared {
  readonly path: string;
  readonly method: string;
  readonly parameters: readonly string[];
  readonly operation: Record<string, unknown>;
}

function readRule(declared: Declared, faults: string[]): Rule | null {
  const { path, method, parameters, operation } = declared;
  const at = `${method} ${path}`;
  const extension = operation['x-northgate'];
  if (extension === undefined) {
    if (path.startsWith('/ESCManager/') && mutatingMethods.includes(method)) faults.push(`${at} has no x-northgate`);
    return null;
  }
  if (!isExtension(extension)) {
    for (const error of isExtension.errors ?? []) {
      faults.push(`${at} x-northgate${error.instancePath.replaceAll('/', '.')} ${error.message ?? 'is wrong'}`);
    }
    return null;
  }
  const operationId = operation.operationId;
  if (typeof operationId !== 'string') faults.push(`${at} has no operationId`);
  const successStatus = firstSuccessOf(operation.responses);
  if (successStatus === null) faults.push(`${at} declares no 2xx answer`);
  const template = (text: string): Template | null => templateOrFault(text, parameters, at, faults);
  const { lane, ancestors = [], look = null, actions } = extension;
  const laneTemplate = template(lane);
  return {
    operation: typeof operationId === 'string' ? operationId : null,
    kind: extension.kind,
    ack: extension.ack,
    replay: extension.replay,
    completeWithin: readCompleteWithin(extension.completeWithin, at, faults),
    look: look === null ? null : template(look),
    successStatus: successStatus ?? 200,
    actions: actions ? new Map(Object.entries(actions).map(([name, action]) => [name, action.replay])) : null,
    placement: {
      resourceType: extension.resource,
      lane: laneTemplate,
      ancestors: ancestors.map(template).filter((ancestor) => ancestor !== null),
    },
  };
}

/** A template over a path's parameters; null and a fault if it names others. */
export function templateOrFault(text: string, parameters: readonly string[], at: string, faults: string[]) {
  const compiled = compileTemplate(text, parameters);
  if (!('unknown' in compiled)) return compiled;
  faults.push(`${at}: "${text}" names {${compiled.unknown.join('}, {')}}, which its path has not`);
  return null;
}

/** The operation's first 2xx (R22): the lowest that it declares, which is how JavaScript and a sorted document order them. */
function firstSuccessOf(responses: unknown): number | null {
  const codes = Object.keys(isObject(responses) ? responses : {}).filter((code) => /^2\d\d$/.test(code));
  return codes.length === 0 ? null : Math.min(...codes.map(Number));
}

function readCompleteWithin(text: string | undefined, at: string, faults: string[]): number | 'deployment' {
  if (text === undefined) return completeWithinDefaultMs;
  if (text === 'deployment') return text;
  const milliseconds = durationMs(text);
  if (milliseconds !== null) return milliseconds;
  faults.push(`${at} x-northgate.completeWithin is "${text}", expected a duration such as 10m, or deployment`);
  return completeWithinDefaultMs;
}
