/**
 * Holds an answer of a listener against its OpenAPI document: the status is declared for the operation, the content type
 * for the status, the body fits its schema with no field too many, and header fields that must be there are. What the
 * gateway passes on for ESC is ESC's: of that only the gateway's own fields are checked. Bodies are held against the 3.1
 * rendering, whose schemas are plain JSON Schema.
 */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import router from 'find-my-way';
import { parse } from 'yaml';
import { problems } from '../../src/domain/problem.ts';
import { asOpenApi31 } from '../../src/http/openapi-31.ts';
import { fieldOf } from './echo-esc.ts';

export type DocumentName = 'northbound' | 'ops';

export interface CheckedAnswer {
  readonly method: string;
  /** Request target as it was sent. */
  readonly path: string;
  readonly status: number;
  /** Flat: names and values in turn. */
  readonly headers: readonly string[];
  /** Null: it has none that can be read, as to HEAD or of a stream that did not end. */
  readonly body: Buffer | null;
}

interface Response {
  readonly headers?: Record<string, { required?: boolean; $ref?: string }>;
  readonly content?: Record<string, { schema: object }>;
}

type Operation = { readonly responses: Record<string, { $ref?: string }> };

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
}

const problemType = 'application/problem+json';
/** Fields that only the gateway gives; each must be declared where it is given. */
const ownFields = /^(?:northgate-.+|idempotent-replayed|preference-applied)$/;
const pages = /^(?:\/northgate\/v1)?\/(?:docs|console)(?:\/|$)/;

class Checker {
  readonly #document: Document;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  readonly #routes = router({ maxParamLength: 4096 });

  constructor(name: DocumentName) {
    const file = new URL(`../../openapi/${name}.yaml`, import.meta.url);
    this.#document = asOpenApi31(parse(readFileSync(file, 'utf8'))) as Document;
    this.#ajv.addSchema({ ...closed(this.#document), $id: 'document' });
    for (const path of Object.keys(this.#document.paths)) {
      const route = path.replaceAll(/\{([^}]+)\}/g, ':$1');
      this.#routes.on('GET', route, () => undefined, path);
    }
  }

  complaints(answer: CheckedAnswer): string[] {
    const { method, status } = answer;
    const target = answer.path.split('?', 1)[0] ?? '';
    const path = this.#routes.find('GET', target)?.store as string | undefined;
    const operation = path === undefined ? undefined : this.#document.paths[path]?.[operationKey(method)];
    const isProblem = isOwnProblem(answer);
    const isPassedOn = !isProblem && isOfEsc(answer);
    if (operation === undefined) {
      if (isProblem) return this.#problem(answer);
      return isPromise(answer) ? this.#promise(answer) : ofNoOperation(answer, target, isPassedOn);
    }
    const exact = operation.responses[status];
    const declared = exact ?? (isPassedOn ? operation.responses.default : undefined);
    if (declared === undefined) return ['the status is not declared'];
    const response = this.#resolved<Response>(declared);
    return [
      ...(isProblem ? this.#problem(answer) : []),
      ...(isPassedOn ? [] : this.#content(answer, response)),
      ...this.#fields(answer, response),
    ];
  }

  /** Every problem has the one form, whether its operation is declared or not. */
  #problem({ status, body }: CheckedAnswer): string[] {
    if (body === null) return [];
    const problem = parsed(body) as { type: string; status: number } | null;
    if (problem === null) return ['the body is not JSON'];
    const kind = Object.entries(problems).find(([code]) => problem.type === `urn:northgate:problem:${code}`)?.[1];
    return [
      ...this.#fits({ $ref: '#/components/schemas/Problem' }, problem),
      ...(kind?.status === status && problem.status === status ? [] : [`${problem.type} under status ${status}`]),
    ];
  }

  /** What the catalogue does not know is a transaction all the same, and its 202 the same as any other. */
  #promise(answer: CheckedAnswer): string[] {
    const response = this.#resolved<Response>({ $ref: '#/components/responses/Accepted' });
    return [...this.#content(answer, response), ...this.#fields(answer, response)];
  }

  #content({ headers, body }: CheckedAnswer, { content = {} }: Response): string[] {
    if (body === null || body.byteLength === 0) return [];
    const type = fieldOf(headers, 'content-type').split(';', 1)[0] ?? '';
    const schema = content[type]?.schema;
    if (schema === undefined) return [`the content type "${type}" is not declared`];
    return /[/+]json$/.test(type) ? this.#fits(schema, parsed(body)) : [];
  }

  #fields({ headers }: CheckedAnswer, { headers: declared = {} }: Response): string[] {
    const names = new Set(headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
    const known = new Map(Object.entries(declared).map(([name, field]) => [name.toLowerCase(), field]));
    const missing = [...known].filter(([name, field]) => {
      return this.#resolved<{ required?: boolean }>(field).required === true && !names.has(name);
    });
    return [
      ...missing.map(([name]) => `the field ${name} is missing`),
      ...[...names].filter((name) => ownFields.test(name) && !known.has(name)).map((name) => `${name} is not declared`),
    ];
  }

  #fits(schema: object, value: unknown): string[] {
    const absolute = JSON.parse(JSON.stringify(closed(schema)).replaceAll('"#/', '"document#/')) as object;
    const validate = this.#ajv.compile(absolute);
    return validate(value) ? [] : [`the body: ${this.#ajv.errorsText(validate.errors)}`];
  }

  #resolved<T>(given: { $ref?: string }): T {
    if (given.$ref === undefined) return given as T;
    const steps = given.$ref.slice(2).split('/');
    return steps.reduce<unknown>((tree, step) => (tree as Record<string, unknown>)[step], this.#document) as T;
  }
}

/** Null if it is no JSON, which no schema here takes. */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return null;
  }
}

const operationKey = (method: string): string => (method === 'HEAD' ? 'get' : method.toLowerCase());

/** What has no operation: ESC's answers to what the catalogue does not know, and pages. */
function ofNoOperation({ method, status }: CheckedAnswer, target: string, isPassedOn: boolean): string[] {
  if (isPassedOn || pages.test(target) || (method === 'OPTIONS' && status === 204)) return [];
  return ['it is neither declared nor a problem'];
}

const isOwnProblem = ({ headers, body }: CheckedAnswer): boolean =>
  fieldOf(headers, 'content-type').startsWith(problemType) &&
  (body === null || body.includes('"urn:northgate:problem:'));

/** The 202 that names a transaction which the gateway goes on with. */
const isPromise = ({ status, headers }: CheckedAnswer): boolean =>
  status === 202 && fieldOf(headers, 'location').startsWith('/northgate/');

/** ESC's own, passed on now or recorded. */
const isOfEsc = (answer: CheckedAnswer): boolean =>
  /\/ESCManager(?:\/|$)|^\/northgate\/v1\/transactions\/[^/]+\/response/.test(answer.path) && !isPromise(answer);

/** The same with every object closed, so that a field that is not declared shows. */
function closed<T extends object>(tree: T): T {
  return JSON.parse(JSON.stringify(tree), (_, value) =>
    value?.properties === undefined || value.additionalProperties !== undefined
      ? value
      : { ...value, additionalProperties: false },
  );
}

const checkers = new Map<DocumentName, Checker>();

/** What of an answer is not as the document says, a sentence each; empty if all is. */
export function complaintsOf(name: DocumentName, answer: CheckedAnswer): string[] {
  const checker = checkers.get(name) ?? new Checker(name);
  checkers.set(name, checker);
  const line = `${answer.method} ${answer.path.slice(0, 200)} answered ${answer.status}`;
  return checker.complaints(answer).map((complaint) => `${line}: ${complaint} (openapi/${name}.yaml)`);
}

/** For a problem of which it is not known what was asked, such as one to bytes that are no request. */
export function checkIfProblem(answer: Omit<CheckedAnswer, 'method' | 'path'>): void {
  const asked = { ...answer, method: 'GET', path: '/' };
  if (isOwnProblem(asked)) checkAgainstDocument('northbound', asked);
}

/** @throws if it is not as the document says. */
export function checkAgainstDocument(name: DocumentName, answer: CheckedAnswer): void {
  const complaints = complaintsOf(name, answer);
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
}
