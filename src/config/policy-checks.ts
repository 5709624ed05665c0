// Rules of `policies`: paths as in OpenAPI, lanes made of the path's own parameters, nothing said twice or for nothing.

import type { Fault } from './problem.ts';
import type { Config } from './schema.ts';

type Policy = Config['policies'][number];

export function checkPolicies({ policies }: Config): Fault[] {
  const seen = new Map<string, number>();
  return policies.flatMap((policy, index) => {
    const key = `policies[${index}]`;
    const operation = `${policy.method} ${policy.path.replaceAll(parameter, '{}')}`;
    const earlier = seen.get(operation);
    seen.set(operation, index);
    const repeated = { key, found: `the operation of policies[${earlier}] again`, expected: 'each operation once' };
    return [...checkPolicy(key, policy), ...(earlier === undefined ? [] : [repeated])];
  });
}

const parameter = /\{([^{}/]*)\}/g;
const isName = (name: string): boolean => /^[A-Za-z_][\w-]*$/.test(name);

function checkPolicy(key: string, { path, replay, lane, ack, completeWithinMs }: Policy): Fault[] {
  const faults: Fault[] = [];
  const names = namesIn(path);
  const isPath =
    path.startsWith('/') && !/[\s?#]/.test(path) && names.every(isName) && !/[{}]/.test(path.replaceAll(parameter, ''));
  if (!isPath) {
    faults.push({
      key: `${key}.path`,
      found: JSON.stringify(path),
      expected: 'a path as in OpenAPI, such as /ESCManager/v0/{tenant}/deployments/{id}',
    });
  }
  if (new Set(names).size < names.length) {
    faults.push({ key: `${key}.path`, found: 'a parameter twice', expected: 'each parameter once' });
  }
  const strange = namesIn(lane ?? '').filter((name) => !names.includes(name));
  if (isPath && strange.length > 0) {
    faults.push({
      key: `${key}.lane`,
      found: `{${strange[0]}}`,
      expected: names.length === 0 ? 'no parameter: the path has none' : `parameters of the path: ${names.join(', ')}`,
    });
  }
  if (replay === undefined && lane === undefined && ack === undefined && completeWithinMs === undefined) {
    faults.push({
      key,
      found: 'nothing to override',
      expected: 'at least one of replay, lane, ack and completeWithin',
    });
  }
  return faults;
}

const namesIn = (template: string): string[] => [...template.matchAll(parameter)].map(([, name = '']) => name);
