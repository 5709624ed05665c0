/** Never called: each replica of the world is given its journal (`Internals.open`). */
export const openJournal = (): never => {
  throw new Error('a replica of the simulated world opens no journal of its own');
};
