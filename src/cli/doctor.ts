/** `northgate doctor`: its checks are not built yet, and it says so instead of finding everything well. */
import { Command } from 'commander';
import { Failure } from './failure.ts';

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('check what the gateway needs (not built yet)')
    .option('--config <file>', 'a YAML file')
    .option('--json', 'print JSON')
    .action(() => {
      throw new Failure(2, 'doctor is not built yet; `northgate config check` reads the configuration');
    });
