/**
 * More defects that the simulated world must find, as in `mutations.ts`: of what clients read, what operators do, a journal
 * that comes back without its last words, and the decisions of ADR 20 to 30.
 */
import type { Mutation } from './mutations.ts';

const pass = 'src/northbound/pass.ts';
const repair = 'src/replay/repair.ts';
const replay = 'src/replay/replay.ts';
const acts = 'src/domain/operator-moves.ts';

export const laterMutations: readonly Mutation[] = [
  {
    name: 'a page is passed on to who reads, whoever says it',
    file: pass,
    find: 'const reading = await sender.confirm(fetched.answer, epoch);',
    put: "const reading = { kind: 'answered' as const, answer: fetched.answer, epoch: sender === null ? 0 : epoch };",
  },
  {
    name: 'a read that was cut short ends as if it were whole',
    file: pass,
    find: 'if (isComplete || !this.#hasBody) this.#response.end();',
    put: 'if (isComplete || this.#response !== null) this.#response.end();',
    from: 41,
  },
  {
    name: 'a read is not held while the gate is shut',
    file: pass,
    find: "if (mode === 'open') return;",
    put: "if (mode !== 'draining') return;",
  },
  {
    name: 'a gate that is held by hand holds nothing',
    file: 'src/domain/switchover.ts',
    find: "if (state.byHand === 'holding') return { mode: 'holding', reason: 'operator' };",
    put: '',
    from: 26,
  },
  {
    name: 'an operator cancels what may have been sent',
    file: acts,
    find: "if (transaction.state.status !== 'held' || sentOf(transaction) !== 'no') return null;",
    put: "if (transaction.state.status !== 'held' && sentOf(transaction) === 'no') return null;",
    from: 7,
  },
  {
    name: 'what an operator resolves is not told to the client',
    file: 'src/ops/acts.ts',
    find: 'withMadeUpReport(moved, { status: { code,',
    put: 'code > 0 ? { transaction: moved } : withMadeUpReport(moved, { status: { code,',
  },
  {
    name: 'an act is told although the journal did not take it',
    file: 'src/ops/acts.ts',
    find: "if (changed.word !== 'declined') throw journalUnavailable(changed.word);",
    put: "if (changed.word !== 'declined') return { transaction: read, isMoved: changed.word === 'unavailable' };",
    from: 40,
  },
  {
    name: 'a key is for anything that its client asks',
    file: 'src/northbound/transact.ts',
    find: 'if (!fingerprints.isOf(created.transaction.fingerprint, arrival)) throw keyReused(created.transaction);',
    put: 'if (created.transaction.fingerprint === null) throw keyReused(created.transaction);',
  },
  {
    name: 'parents are not waited for (R9)',
    file: 'src/domain/lanes.ts',
    find: 'const groups = place.ancestors.map(',
    put: 'const groups = place.ancestors.slice(9).map(',
    from: 13,
  },
  {
    name: 'nothing is written back into a journal that lost its last words',
    file: repair,
    find: "if (standing !== 'older') return standing;",
    put: "if (standing !== 'older' || bodies.request !== undefined) return 'there';",
    from: 25,
  },
  {
    name: 'the epoch goes on when the journal has lost its last words',
    file: repair,
    find: 'await this.#options.coordinator.endEpoch(epoch);',
    put: '',
    from: 58,
  },
  {
    name: 'a journal that lost its last words is taken at its word',
    file: repair,
    find: "trust.stage = 'restoring';\n    this.#noticedAt",
    put: 'this.#noticedAt',
    from: 25,
  },
  {
    name: 'bytes that another wrote are not written back (was so)',
    file: repair,
    find: "return (await lackingOf(journal, known, found)) ?? 'there';",
    put: "return found.version < 0 ? ((await lackingOf(journal, known, found)) ?? 'there') : 'there';",
    from: 25,
  },
  {
    name: 'bytes that may be written back yet are said to be lost (was so)',
    file: 'src/journal/guarded-journal.ts',
    find: '(found) => found !== null,',
    put: '(found) => found !== null || trust.changes > 0,',
    from: 25,
  },
  {
    name: 'what another wrote over is forgotten with its bytes (was so)',
    file: 'src/journal/recent.ts',
    find: 'if (known?.version === version) this.#pass(known);',
    put: 'if (known?.version === version) this.#forget(id);',
    from: 556,
  },
  {
    name: 'what ESC accepted is never looked at (ADR 20)',
    file: 'src/replay/watch.ts',
    find: 'if (transaction.policy.look !== null) return await this.#looking.add(() => this.#look(transaction));',
    put: 'if (transaction.policy.look !== null) return now() + laterMs;',
    from: 6,
  },
  {
    name: 'what is not proven own is cleaned up (ADR 21)',
    file: replay,
    find: 'isProvenOwn: isProvenOwn(transaction),',
    put: 'isProvenOwn: isProvenOwn(transaction) || true,',
    from: 18,
  },
  {
    name: 'what cannot be looked at is sent again all the same (ADR 22)',
    file: 'src/replay/permission.ts',
    find: "if (policy.replay === 'operator') return",
    put: "if (policy.replay === 'operator' && policy.look !== null) return",
  },
];
