/**
 * The catalogue: what the gateway may do with a request, and where it stands among others (design.md sections 3 and 4).
 * Invariant: `classify` answers every request, however odd, and never throws; what the document does not know has R17's
 * defaults and its own path as lane. The source is `openapi/northbound.yaml`, overridden by the `policies` of the configuration.
 */
import router from 'find-my-way';
import type { Place } from '../domain/lanes.ts';
import type { Ack, Policy, ReplayPolicy } from '../domain/transaction.ts';
import { type DeploymentRequest, operationOf, readDeploymentRequest } from './bodies.ts';
import { completeWithinDefaultMs, deploymentWithinMs } from './completion-time.ts';
import { type KnownPath, type Placement, type Rule, readOperations } from './operations.ts';
import { applyOverrides, type PolicyOverride } from './policy-overrides.ts';
import { type Northbound, northboundOf, rawPathOf, readPath } from './request-path.ts';
import { type Bindings, fill, needsBody } from './template.ts';

export type { PolicyOverride } from './policy-overrides.ts';

export interface CatalogueOptions {
  readonly policies: readonly PolicyOverride[];
  /** `resource`: ESC cannot report to the gateway, so what would be reported is looked at. `answer`: completion is not followed. */
  readonly acknowledgeBy?: 'answer' | 'resource';
}

interface ClassifiableRequest {
  readonly method: string;
  /** Request target as the client sent it: path and query. */
  readonly path: string;
  readonly body: Uint8Array;
  /** Not relied on: a body's first character tells more truly what it is. */
  readonly contentType: string;
}

interface Classified {
  /** Which of ESC's northbounds it is for; null: not proxied, 404. */
  readonly northbound: Northbound | null;
  readonly place: Place;
  readonly policy: Policy;
}

export interface Catalogue {
  /** Reads the body only for operations whose policy depends on it. */
  classify(request: ClassifiableRequest): Classified;
}

/** R17: a PUT or DELETE comes to the same when it is sent twice, a POST or PATCH may not. */
const defaultRule = (method: string, placement: Placement): Rule => ({
  operation: null,
  kind: 'other',
  ack: 'answer',
  replay: method === 'POST' || method === 'PATCH' ? 'operator' : 'auto',
  completeWithin: completeWithinDefaultMs,
  look: null,
  successStatus: 200,
  actions: null,
  placement,
});

const elsewhere: Placement = { resourceType: 'other', lane: null, ancestors: [] };
const nothingRead: DeploymentRequest = { tenant: null, bootupTimeMs: null, recoveries: null };
/** Longer ids than any of ESC's (72, esc.md section 1.3) still find their lane. */
const parameterMaxChars = 4096;
const noHandler = () => undefined;

/**
 * Makes the catalogue of a parsed OpenAPI document and the configuration's overrides.
 * @throws one Error that names every fault of both, a line each.
 */
export function loadCatalogue(document: unknown, options: CatalogueOptions): Catalogue {
  const faults: string[] = [];
  const paths = applyOverrides(readOperations(document, faults), options.policies, { defaultRule, faults });
  if (faults.length > 0) throw new Error(`the catalogue cannot be used:\n  ${faults.join('\n  ')}`);
  // One router method for all: a path is found whatever the method, so that an undeclared one shares its resource's lane.
  const routes = router({ maxParamLength: parameterMaxChars, caseSensitive: true });
  for (const known of paths) {
    const route = known.path.replace(/\{[^{}]*\}/g, () => ':p').replaceAll(':p', numbered());
    routes.on('GET', route, noHandler, known);
  }
  return { classify: (request) => classified(routes, request, options.acknowledgeBy) };
}

function numbered(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `:p${count}`;
  };
}

function acknowledgedBy(ack: Ack, instead: CatalogueOptions['acknowledgeBy']): Ack {
  if (instead === 'answer') return 'answer';
  return instead === 'resource' && ack === 'report' ? 'resource' : ack;
}

type Routes = Pick<ReturnType<typeof router>, 'find'>;

function classified(routes: Routes, request: ClassifiableRequest, acknowledgeBy?: 'answer' | 'resource'): Classified {
  const rawPath = rawPathOf(request.path);
  const path = readPath(rawPath);
  const northbound = northboundOf(rawPath, path);
  const found = northbound === null ? null : routes.find('GET', path);
  const known: KnownPath | null = found === null ? null : (found.store as KnownPath);
  const rule = known?.rules.get(request.method) ?? defaultRule(request.method, known?.placement ?? elsewhere);
  const read = needsDeployment(rule) ? readDeploymentRequest(request.body) : nothingRead;
  const bindings: Bindings = {
    parameters: Object.values(found?.params ?? {}).map((value) => value ?? ''),
    tenant: read.tenant,
  };
  return {
    northbound,
    place: placeOf(rule.placement, bindings, path),
    policy: {
      operation: rule.operation,
      kind: rule.kind,
      ack: acknowledgedBy(rule.ack, acknowledgeBy),
      replay: replayOf(rule, request),
      completeWithinMs: rule.completeWithin === 'deployment' ? deploymentWithinMs(read) : rule.completeWithin,
      look: rule.look === null ? null : fill(rule.look, bindings),
      successStatus: rule.successStatus,
    },
  };
}

const needsDeployment = (rule: Rule): boolean =>
  rule.completeWithin === 'deployment' || rule.placement.ancestors.some(needsBody);

function placeOf(placement: Placement, bindings: Bindings, path: string): Place {
  const lane = placement.lane === null ? null : fill(placement.lane, bindings);
  const ancestors = placement.ancestors.map((ancestor) => fill(ancestor, bindings));
  return {
    lane: lane ?? path,
    ancestors: ancestors.filter((ancestor) => ancestor !== null),
    resourceType: placement.resourceType,
  };
}

/** The policy of the action that the body names; an action that the catalogue does not know has its operation's. */
function replayOf(rule: Rule, request: ClassifiableRequest): ReplayPolicy {
  if (rule.actions === null) return rule.replay;
  return rule.actions.get(operationOf(request.body) ?? '') ?? rule.replay;
}
