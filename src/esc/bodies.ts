/**
 * What the gateway reads out of ESC's bodies, XML or JSON, requests and answers alike.
 * Invariant: reading is tolerant (names without namespace, case and `_` or `-`), bounded, and never throws: what cannot be
 * read is null. Entities are never expanded. Nothing here is ever written back: bodies are forwarded byte for byte.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/**
 * A larger body is forwarded like any other, only not read. Measured: the worst body of 1 MiB that could be thought of takes a
 * third of a second, so requests, which anybody may write, are read up to a quarter of what ESC's own answers are.
 */
const readAnswerMaxBytes = 1_048_576;
export const readRequestMaxBytes = 262_144;
const nestedElementsMax = 64;
const visitedNodesMax = 100_000;
const valueMaxChars = 1024;

/** Names and values of a document; `children` of an element are again values. */
export type Value = string | readonly Value[] | { readonly [name: string]: Value };
/** One element on the way through a document. `depth` is 0 for the root element, or for the members of a JSON root. */
export interface Visited {
  readonly name: string;
  readonly value: Value;
  readonly depth: number;
}

const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: true,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: nestedElementsMax,
});
const utf8 = new TextDecoder('utf-8');

/** Whether a body is a page for people: a container's error page, a login page. */
export function isHtml(contentType: string, body: Uint8Array): boolean {
  if (/html/i.test(contentType)) return true;
  return /^\s*(?:<!--[^>]*-->\s*)?<(?:!doctype\s+html|html)\b/i.test(utf8.decode(body.subarray(0, 512)));
}

/**
 * The document of a body, or null. The first character tells XML from JSON, not the content type, which clients and ESC both
 * give wrongly. `isWhole` asks for well-formedness too, so that a cut answer is not read as one without a state.
 * An XML document with a DOCTYPE is not read: ESC knows none, and entities are its only use.
 */
export function readDocument(body: Uint8Array, isWhole = false): Value | null {
  if (body.byteLength === 0 || body.byteLength > readAnswerMaxBytes) return null;
  const text = utf8.decode(body).trim();
  try {
    if (text.startsWith('{') || text.startsWith('[')) return JSON.parse(text) as Value;
    if (!text.startsWith('<') || /<!DOCTYPE/i.test(text)) return null;
    if (isWhole && XMLValidator.validate(text) !== true) return null;
    return parser.parse(text) as Value;
  } catch {
    return null;
  }
}

const readRequest = (body: Uint8Array): Value | null =>
  body.byteLength > readRequestMaxBytes ? null : readDocument(body);

/** Names compare without case and separators: `internal_tenant_id`, `internalTenantId` and `Internal-Tenant-Id` are one. */
const plainName = (name: string): string => name.replace(/[_-]/g, '').toLowerCase();

const isObject = (value: unknown): value is { readonly [name: string]: Value } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The elements directly in a node; one that repeats is an array and counts each time. */
function* childrenOf(node: Value): Generator<readonly [string, Value]> {
  for (const [name, child] of isObject(node) ? Object.entries(node) : []) {
    for (const value of Array.isArray(child) ? (child as readonly Value[]) : [child]) yield [name, value];
  }
}

/** All elements of a document, the shallow ones first, at most `visitedNodesMax`, down to `depthMax`. */
export function* elements(document: Value | null, depthMax = nestedElementsMax): Generator<Visited> {
  let level: Value[] = document === null ? [] : [document];
  let visited = 0;
  for (let depth = 0; depth <= depthMax && level.length > 0; depth += 1) {
    const next: Value[] = [];
    for (const [name, value] of level.flatMap((node) => [...childrenOf(node)])) {
      visited += 1;
      if (visited > visitedNodesMax) return;
      yield { name: plainName(name), value, depth };
      if (isObject(value)) next.push(value);
    }
    level = next;
  }
}

/** The text of an element, null if it has none, only children, or more than any name or number needs. */
export function textOf(value: Value): string | null {
  const own: unknown = isObject(value) ? value['#text'] : value;
  const text = typeof own === 'number' || typeof own === 'boolean' ? String(own) : own;
  return typeof text === 'string' && text.trim() !== '' && text.length <= valueMaxChars ? text.trim() : null;
}

/** The operation that a service or VM operation's body names, as `DISABLE_MONITOR`; null if none is found. */
export function operationOf(body: Uint8Array): string | null {
  for (const { name, value } of elements(readRequest(body), 3)) {
    if (!operationElements.includes(name)) continue;
    const text = textOf(value);
    if (text !== null) return text.toUpperCase().replace(/[\s-]+/g, '_');
  }
  return null;
}

/** `operation` is documented (esc.md section 1.4); the others are the NETCONF twin's names. */
const operationElements: readonly string[] = ['operation', 'action', 'actiontype'];

/** What a deployment's request says that the catalogue needs. */
export interface DeploymentRequest {
  /** Null where the body names none. */
  readonly tenant: string | null;
  /** The longest `bootup_time` of its VM groups; null without one. */
  readonly bootupTimeMs: number | null;
  /** The largest `max_retries` of its recovery policies; null without one. */
  readonly recoveries: number | null;
}

const tenantElements: readonly string[] = ['internaltenantid', 'tenantid', 'tenant'];
const tenantDepthMax = 3;

function tenantIn({ name, value, depth }: Visited): string | null {
  if (depth > tenantDepthMax || !tenantElements.includes(name)) return null;
  if (!isObject(value)) return textOf(value);
  const named = [...elements(value, 0)].find((child) => child.name === 'name');
  return textOf(named?.value ?? value);
}

function largest(known: number | null, value: Value): number | null {
  const number = Number(textOf(value) ?? Number.NaN);
  return Number.isFinite(number) && number >= 0 && number > (known ?? -1) ? number : known;
}

/** Reads a deployment's request; whatever is missing or unreadable is null. `bootup_time` is in seconds (esc.md section 8). */
export function readDeploymentRequest(body: Uint8Array): DeploymentRequest {
  let tenant: string | null = null;
  let bootupSeconds: number | null = null;
  let recoveries: number | null = null;
  for (const element of elements(readRequest(body))) {
    tenant ??= tenantIn(element);
    if (element.name === 'bootuptime') bootupSeconds = largest(bootupSeconds, element.value);
    if (element.name === 'maxretries') recoveries = largest(recoveries, element.value);
  }
  return { tenant, bootupTimeMs: bootupSeconds === null ? null : bootupSeconds * 1000, recoveries };
}
