/** `northgate demo`: options of the demo and its exit code; the demo itself is `demo.ts`. */
import { Command, InvalidArgumentError } from 'commander';

const vnfsDefault = 24;

export const demoCommand = (): Command =>
  new Command('demo')
    .description('the whole story on one machine, with a switchover in the middle; nothing to configure')
    .option('--keep', 'leave it running, with its URLs printed')
    .option('--vnfs <count>', 'how many deployments, from 8 to 500', toCount, vnfsDefault)
    .action(async ({ keep = false, vnfs }) => {
      const { runDemo } = await import('./demo.ts');
      process.exitCode = await runDemo({ keep, vnfs, output: process.stdout });
    });

function toCount(written: string): number {
  if (!/^\d{1,6}$/.test(written)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(written);
}
