/** `northgate sim`: the simulated ESC pair alone, until a signal ends it. */
import { Command } from 'commander';
import { Failure } from './failure.ts';

export const simCommand = (): Command =>
  new Command('sim')
    .description('run the simulated ESC pair alone')
    .option('--config <file>', 'a YAML file; without one, ESC’s own ports and control on 9081')
    .action(async (options) => {
      const { SimConfigError } = await import('../sim/config.ts');
      const { serveSim } = await import('../sim/serve.ts');
      try {
        await serveSim(options.config);
      } catch (error) {
        if (error instanceof SimConfigError) throw new Failure(2, error.message, error);
        throw new Failure(1, `the pair cannot start: ${error instanceof Error ? error.message : String(error)}`, error);
      }
    });
