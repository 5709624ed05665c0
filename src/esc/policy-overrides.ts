/**
 * The configuration's `policies` laid over the catalogue (contract.md section 2): they change what an operation that the
 * catalogue knows may be done with, and give an unknown one its own.
 * Invariant: parameters match by position, so an override may name them as it likes. Nothing else of an operation changes.
 */
import type { Ack, ReplayPolicy } from '../domain/transaction.ts';
import {
  type KnownPath,
  mutatingMethods,
  type Placement,
  pathFault,
  type Rule,
  templateOrFault,
} from './operations.ts';
import { northboundOf } from './request-path.ts';
import { parametersOf } from './template.ts';

/** One entry of `policies` (contract.md section 2). `path` as in OpenAPI, `lane` a template of its parameters. */
export interface PolicyOverride {
  readonly method: string;
  readonly path: string;
  readonly replay?: ReplayPolicy;
  readonly lane?: string;
  readonly ack?: Ack;
  readonly completeWithinMs?: number;
}

const shapeOf = (path: string): string => path.replace(/\{[^{}]*\}/g, '{}');

export interface OverrideContext {
  readonly defaultRule: (method: string, placement: Placement) => Rule;
  /** What is wrong with an override is added here, a sentence each. */
  readonly faults: string[];
}

/** The paths with every override applied; several for one method and path apply in their order. */
export function applyOverrides(
  paths: readonly KnownPath[],
  overrides: readonly PolicyOverride[],
  context: OverrideContext,
): KnownPath[] {
  const byShape = new Map(paths.map((known) => [shapeOf(known.path), known]));
  if (byShape.size < paths.length)
    context.faults.push('the document has two paths that differ only in parameter names');
  for (const override of overrides) {
    const at = `policies: ${override.method} ${override.path}`;
    const fault = overrideFault(override);
    if (fault !== null) {
      context.faults.push(`${at} ${fault}`);
      continue;
    }
    const shape = shapeOf(override.path);
    byShape.set(shape, overridden(byShape.get(shape) ?? newPath(override.path), override, context));
  }
  return [...byShape.values()];
}

function overrideFault({ method, path }: PolicyOverride): string | null {
  if (!mutatingMethods.includes(method)) return `has a method that is none of ${mutatingMethods.join(', ')}`;
  if (northboundOf(path, path) === null) return 'is under none of the proxied prefixes';
  return pathFault(path);
}

const newPath = (path: string): KnownPath => ({
  path,
  parameters: parametersOf(path),
  rules: new Map(),
  placement: { resourceType: 'other', lane: null, ancestors: [] },
});

function overridden(known: KnownPath, override: PolicyOverride, { defaultRule, faults }: OverrideContext): KnownPath {
  const { method, path, replay, ack, completeWithinMs, lane } = override;
  const rule = known.rules.get(method) ?? defaultRule(method, known.placement);
  const at = `policies: ${method} ${path}`;
  const template = lane === undefined ? null : templateOrFault(lane, parametersOf(path), at, faults);
  const changed: Rule = {
    ...rule,
    ack: ack ?? rule.ack,
    replay: replay ?? rule.replay,
    // An override is for every action of the operation.
    actions: replay === undefined ? rule.actions : null,
    completeWithin: completeWithinMs ?? rule.completeWithin,
    placement: template === null ? rule.placement : { ...rule.placement, lane: template },
  };
  return { ...known, rules: new Map(known.rules).set(method, changed) };
}
