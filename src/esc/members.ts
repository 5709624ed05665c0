/**
 * The members of a document's own element: of the one root that XML has and JSON may have, or of the JSON object itself.
 * Invariant: a root's name says nothing here, so that XML, wrapped JSON and bare JSON read alike.
 */
import { elements, type Value, type Visited } from './bodies.ts';

/** The direct members of a node, in order; one that repeats counts each time. Empty for a text. */
export const membersOf = (node: Value | null): Visited[] => [...elements(node, 0)];

const hasMembers = (value: Value): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The members of the document's own element; empty where there is none. */
export function rootMembers(document: Value | null): Visited[] {
  const members = membersOf(document);
  const [only] = members;
  return only !== undefined && members.length === 1 && hasMembers(only.value) ? membersOf(only.value) : members;
}
