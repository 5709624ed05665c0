/**
 * Defects that the simulated world must find: each a text of one file and what is put in its place. A text that is not
 * there any more, or there twice, fails the test that goes through them. Those that say so were in the product once, and
 * were found here.
 */

import { laterMutations } from './later-mutations.ts';

export interface Mutation {
  /** What is broken then. */
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** What else is taken away, where the product has two ways to be right. */
  readonly also?: { readonly file: string; readonly find: string; readonly put: string };
  /** Only long runs find it, by hand: CI does not look for it. */
  readonly isRare?: boolean;
  /** A seed that found it when it was put here; the search begins there, and elsewhere at the first. */
  readonly from?: number;
}

const store = 'src/journal/sqlite/records.ts';
const sender = 'src/northbound/sender.ts';
const reports = 'src/domain/reports.ts';
const replay = 'src/replay/replay.ts';
/** Else it takes up whatever nobody carries. */
const withoutStrays = {
  file: 'src/replay/strays.ts',
  find: 'if (this.#seen.get(id) === version) await this.#takeUp(transaction);',
  put: 'if (version < 0) await this.#takeUp(transaction);',
};

const mutations: readonly Mutation[] = [
  {
    name: 'a version is not compared',
    file: store,
    find: "if (version !== write.expected) return { word: 'stale-version' };",
    put: '',
  },
  {
    name: 'the epoch of a mark is not compared',
    file: store,
    find: "if (mark.epoch !== this.epoch()) return 'stale-epoch';",
    put: '',
  },
  {
    name: 'what was learnt in an epoch that is over is written',
    file: store,
    find: "if (write.epoch !== null && write.epoch !== this.epoch()) return { word: 'stale-epoch' };",
    put: '',
    from: 8,
  },
  {
    name: 'the order of a lane is not checked by a mark',
    file: store,
    find: "if (this.#earlierInLane.get(lane, sequence) !== undefined) return 'behind';",
    put: '',
  },
  {
    name: 'a key is not remembered',
    file: store,
    find: 'if (write.keyHash !== null && form.entry.holdsKey) this.#insertKey.run(write.keyHash, sequence);',
    put: '',
  },
  {
    name: 'an answer is told before it is recorded',
    file: 'src/northbound/transact.ts',
    find: '    const reading = await sender.send(transaction, message);',
    put: `    const reading = await sender.send(transaction, message);
    if (reading.kind === 'answered') waiters.tell(transaction.id, { kind: 'answer', transaction, answer: reading.answer });`,
  },
  {
    name: 'a replay is sent without its mark',
    file: replay,
    find: "const marked = await this.#mark(transaction, epoch, 'send');",
    put: 'const marked = moves.marked(transaction, { epoch, node: null, now: now(), hasWaited: true });',
  },
  {
    name: 'a look is left out before a replay',
    file: replay,
    find: "if (looked.kind !== 'send') return looked;",
    put: '',
  },
  {
    name: 'a later transaction is not asked about before a replay',
    file: 'src/replay/neighbours.ts',
    find: 'lane.filter((later) => later.sequence > sequence && mayHaveActed(later));',
    put: 'lane.filter((later) => later.sequence < 0 && sequence > 0 && mayHaveActed(later));',
    from: 35,
  },
  {
    name: 'the lease is not checked before a send',
    file: sender,
    find: "if (!lease.holds) return 'this gateway had lost its lease before it was sent';",
    put: '',
    from: 18,
  },
  {
    name: 'a page of a starting container is believed at once',
    file: sender,
    find: 'if (!isDoubtful({ status: answer.status, contentType, bodyBytes: answer.body.byteLength })) {',
    put: "if (isDoubtful({ status: 200, contentType, bodyBytes: 1 }) || contentType !== '') {",
  },
  {
    name: 'what is adopted is not written',
    file: 'src/replay/adopt.ts',
    find: `    const changed = await records.changeSurely(transaction, (current) =>
      current.owner === owner && current.version === version ? { transaction: takenUp(current, replica, now()) } : null,
    );`,
    put: `    if (records === null || owner === '' || version === 0) return false;
    const changed = { word: 'changed' as const, transaction: takenUp(transaction, replica, now()) };`,
  },
  {
    name: 'an unknown outcome counts as never sent',
    file: 'src/northbound/record-reading.ts',
    find: 'const unknown = moves.unacknowledged(current, reading.evidence, now);',
    put: 'const unknown = moves.neverSent(current, reading.evidence, now);',
    from: 5,
  },
  {
    name: 'a socket is closed instead of reset',
    file: 'test/simulate/edges/upstream.ts',
    find: "how: How = 'reset'",
    put: "how: How = 'close'",
    from: 14,
  },
  {
    name: 'sockets outlive their epoch',
    file: 'src/app.ts',
    find: "coordinator.listen({ epochEnded: () => upstream.reset('the epoch ended') });",
    put: '',
    from: 6,
  },
  {
    name: 'a report settles although its epoch has ended',
    file: reports,
    find: 'const isOfEndedEpoch = epoch < currentEpoch && !provesAlone;',
    put: 'const isOfEndedEpoch = epoch > currentEpoch && !provesAlone;',
    from: 3086,
  },
  {
    name: 'the report of a clean-up is taken for the transaction’s own',
    file: reports,
    find: "if (facts.isCleanUp) return 'clean-up';",
    put: '',
  },
  {
    name: 'the write that settles forgets the delivery',
    file: reports,
    find: 'const queued = hasCompletion(transaction, number) ? transaction : queuedCompletion(transaction, number, now);',
    put: 'const queued = number < 0 ? queuedCompletion(transaction, number, now) : transaction;',
  },
  {
    name: 'all attempts bear one token',
    file: 'src/callbacks/outgoing.ts',
    find: 'attempt: attempts.at(-1)?.number ?? 1',
    put: 'attempt: attempts.at(0)?.number ?? 1',
  },
  {
    name: 'what is accepted is not doubted when its epoch ends',
    file: 'src/replay/watch.ts',
    find: "if (transaction.state.epoch < coordinator.epoch) return this.#doubt(transaction, 'its epoch ended unfinished');",
    put: '',
  },
  {
    name: 'a delete is done when its resource is, as a create is',
    file: 'src/replay/reconcile.ts',
    find: "return seen.found === 'absent' ? { do: 'settle', evidence: 'the resource is gone' } : { do: 'send' };",
    put: "return seen.found === 'absent' || seen.found === 'done' ? { do: 'settle', evidence: 'it is done' } : { do: 'send' };",
    from: 7,
  },
  {
    name: 'that a hold has expired is told before it is true',
    file: 'src/northbound/abandon.ts',
    find: 'const changed = await within(backInLane);',
    put: "if (backInLane instanceof Promise) return 'abandoned';\n  const changed = await within(backInLane);",
  },
  {
    name: 'a promise is given that is not recorded',
    file: 'src/northbound/expire.ts',
    find: '  let isGivenUp = false;',
    put: "  if (abandoning === 'kept') return { kind: 'promise', transaction };\n  let isGivenUp = false;",
  },
  {
    name: 'a move that was made unseen is taken for lost (was so)',
    file: 'src/northbound/records.ts',
    find: "if (isUnsure && isCarried(read, current, move.transaction)) return { word: 'changed', transaction: read };",
    put: '',
    also: withoutStrays,
    isRare: true,
  },
  {
    name: 'what is not abandoned does not come back to its lane (was so)',
    file: 'src/northbound/abandon.ts',
    find: "if (changed.word === 'declined') lanes.wait(changed.transaction);",
    put: '',
    also: withoutStrays,
    from: 4,
  },
  { name: 'what nobody here carries is not taken up (was so)', ...withoutStrays, isRare: true },
  {
    name: 'a clean-up that nobody answered runs for ever (was so)',
    file: 'src/replay/evidence.ts',
    find: "if (isUnheard) return 'dropped';",
    put: '',
    from: 47,
  },
  {
    name: 'who waits is told an answer beside the recorded one (was so)',
    file: 'src/northbound/record-reading.ts',
    find: 'if (fromEsc !== null) tell(fromEsc);',
    put: 'if (answer.status > 0) tell(fromEsc ?? { status: answer.status, headers: [], body: new Uint8Array() });',
    isRare: true,
  },
  {
    name: 'what may be given up is promised while the journal does not confirm it (was so)',
    file: 'src/northbound/expire.ts',
    find: 'if (!isKept) throw unsaid(',
    put: 'if (!isKept && lanes === null) throw unsaid(',
    from: 11094,
  },
];

export const allMutations: readonly Mutation[] = [...mutations, ...laterMutations];

/** @throws Error if there is none of that name. */
export function mutationNamed(name: string): Mutation {
  const found = allMutations.find((each) => each.name === name);
  if (found === undefined)
    throw new Error(
      `there is no mutation named ${name}; there are: ${allMutations.map((each) => each.name).join('; ')}`,
    );
  return found;
}
