/**
 * Defects that the simulated world must find: each a text of one file and what is put in its place. A text that is not
 * there any more, or there twice, fails the test that goes through them.
 */

export interface Mutation {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

export const mutations: readonly Mutation[] = [];

/** @throws Error if there is none of that name. */
export function mutationNamed(name: string): Mutation {
  const found = mutations.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no mutation ${name}`);
  return found;
}
