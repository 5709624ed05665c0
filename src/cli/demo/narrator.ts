/**
 * How the story is told: chapters with sentences in them, as a list that grows on a terminal (listr2), or as plain lines
 * with the seconds since the beginning anywhere else. It knows nothing of what is told.
 */
import { Listr } from 'listr2';

export type Say = (sentence: string) => void;

export interface Chapter {
  readonly title: string;
  play(say: Say): Promise<void>;
}

/** Plays the chapters one after the other. Rejects with what the first one rejects with; the others are left out. */
export async function narrate(chapters: readonly Chapter[], output: NodeJS.WritableStream): Promise<void> {
  const stamp = stamper();
  if (output === process.stdout && process.stdout.isTTY) await narrateAsList(chapters, stamp);
  else await narrateAsLines(chapters, stamp, output);
}

async function narrateAsList(chapters: readonly Chapter[], stamp: () => string): Promise<void> {
  const tasks = chapters.map((chapter) => ({
    title: chapter.title,
    task: (_: unknown, task: { output: string }): Promise<void> =>
      chapter.play((sentence) => {
        task.output = `${stamp()} ${sentence}`;
      }),
    rendererOptions: { outputBar: Number.POSITIVE_INFINITY, persistentOutput: true },
  }));
  // Signals are the demo's own: it has things to put away.
  await new Listr(tasks, {
    concurrent: false,
    exitOnError: true,
    registerSignalListeners: false,
    rendererOptions: { collapseErrors: false, showErrorMessage: false, formatOutput: 'wrap' },
  }).run();
}

async function narrateAsLines(
  chapters: readonly Chapter[],
  stamp: () => string,
  output: NodeJS.WritableStream,
): Promise<void> {
  for (const { title, play } of chapters) {
    output.write(`${stamp()} == ${title}\n`);
    await play((sentence) => output.write(`${stamp()}    ${sentence}\n`));
  }
}

/** Seconds since the beginning, as `  3.2s`. */
function stamper(): () => string {
  const beganAt = Date.now();
  return () => `${((Date.now() - beganAt) / 1000).toFixed(1).padStart(5)}s`;
}
