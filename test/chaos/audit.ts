/** The verdict on a run: what the three ledgers disagree about. None of the checks looks at a clock or a process. */
import { mistold } from './answers-audit.ts';
import { undelivered } from './completions-audit.ts';
import { doubled, lost, reordered, standing } from './effects-audit.ts';
import type { Ledgers } from './ledgers.ts';
import { type Violation, viewsOf } from './views.ts';

export function audit(ledgers: Ledgers): Violation[] {
  const views = viewsOf(ledgers);
  return [lost, doubled, reordered, standing, mistold, undelivered].flatMap((check) => check(views));
}
