/**
 * A look at a resource: what ESC's answer to a GET says of it (R14).
 * Invariant: only a whole, well-formed document of ESC's own says anything; everything else is `unreadable`, which concludes
 * nothing. In particular a page or an empty body is never a resource, and a 404 of that kind no proof of absence.
 */
import { elements, isHtml, readDocument, textOf, type Value } from './bodies.ts';

export type ResourceReading = 'absent' | 'done' | 'under-way' | 'broken' | 'unreadable';

/** Words of a state, parted at `_`, and what they make of the resource; the first row that fits decides, none: under way (R14). */
export const resourceStates: readonly { readonly word: string; readonly reading: 'done' | 'broken' }[] = [
  { word: 'ERROR', reading: 'broken' },
  { word: 'FAILED', reading: 'broken' },
  { word: 'FAILURE', reading: 'broken' },
  { word: 'ACTIVE', reading: 'done' },
];

/**
 * Elements that carry a resource's own state, as children of its root: `service_state_machine_state` is documented (esc.md
 * section 1.7), `state_machine/state` recalled from the NETCONF operational data, the rest inferred. What lies deeper is its VMs'.
 */
const stateElements: readonly string[] = [
  'servicestatemachinestate',
  'statemachinestate',
  'state',
  ...['tenant', 'network', 'subnet', 'image', 'flavor', 'volume', 'deployment', 'service'].map(
    (type) => `${type}state`,
  ),
];
const stateParents: readonly string[] = ['statemachine', 'servicestatemachine'];

/** Roots of documents that report an error whatever their HTTP status says. */
const errorRoots: readonly string[] = ['error', 'errors', 'fault', 'rpcerror', 'html'];

export interface LookAnswer {
  readonly httpStatus: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Asked for a proof that ESC's application answers: it has tenants always, and says so in a document (esc.md section 1.2). */
export const applicationPath = '/ESCManager/v0/tenants';

const isMissing = (httpStatus: number): boolean => httpStatus === 404 || httpStatus === 410;

/** A 404 that a container whose applications are still starting gives of any path (R12). */
export const isVagueAbsence = ({ httpStatus, contentType, body }: LookAnswer): boolean =>
  isMissing(httpStatus) && (body.byteLength === 0 || isHtml(contentType, body));

/** Whether ESC's application itself wrote this answer, whatever it says: a document, and no page. */
export const isOfApplication = ({ httpStatus, contentType, body }: LookAnswer): boolean =>
  httpStatus < 500 && !isHtml(contentType, body) && readDocument(body, true) !== null;

/**
 * Reads the answer to a look. A container that is still starting answers 404 with a page or with nothing, and so may ESC of a
 * resource that does not exist: such a 404 is `absent` only with `isConfirmed`, that ESC's application was seen to answer
 * before it in the same epoch. A 404 with a text or document is ESC's word.
 */
export function readResource({ httpStatus, contentType, body }: LookAnswer, isConfirmed = false): ResourceReading {
  const isVague = body.byteLength === 0 || isHtml(contentType, body);
  if (isMissing(httpStatus)) return isVague && !isConfirmed ? 'unreadable' : 'absent';
  if (httpStatus < 200 || httpStatus > 299 || isVague) return 'unreadable';
  const document = readDocument(body, true);
  const root = document === null ? null : rootOf(document);
  return root === null ? 'unreadable' : readState(statesOf(root));
}

/** The resource's own element: the one root of an XML document, the object itself in JSON, or its one wrapped object. */
function rootOf(document: Value): Value | null {
  if (typeof document !== 'object' || Array.isArray(document)) return null;
  const members = [...elements(document, 0)];
  const [only] = members;
  if (only === undefined || members.some(({ name }) => errorRoots.includes(name))) return null;
  const isWrapped = members.length === 1 && (typeof only.value === 'object' || !stateElements.includes(only.name));
  return isWrapped ? only.value : document;
}

function statesOf(root: Value): string[] {
  const children = [...elements(root, 0)];
  const parents = children.filter(({ name }) => stateParents.includes(name));
  return [...children, ...parents.flatMap(({ value }) => [...elements(value, 0)])]
    .map(({ name, value }) => (stateElements.includes(name) ? textOf(value) : null))
    .filter((text) => text !== null);
}

function readState(states: readonly string[]): ResourceReading {
  if (states.length === 0) return 'done';
  const readings = states.map((text) => {
    const words = text.toUpperCase().split(/[^A-Z]+/);
    return resourceStates.find(({ word }) => words.includes(word))?.reading ?? 'under-way';
  });
  if (readings.includes('broken')) return 'broken';
  return readings.includes('under-way') ? 'under-way' : 'done';
}
