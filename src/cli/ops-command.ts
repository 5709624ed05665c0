/** What every command that asks a running gateway has in common: where it is, who asks, `--json`. */
import { Command, Option } from 'commander';
import { OpsClient } from './ops-client.ts';

interface OpsOptions {
  readonly url: string;
  readonly token?: string;
}

const urlDefault = 'http://127.0.0.1:9080';

export const opsCommand = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .addOption(new Option('--url <url>', 'the ops listener').env('NORTHGATE_OPS_URL').default(urlDefault))
    .addOption(new Option('--token <token>', 'a bearer token of ops.tokens').env('NORTHGATE_OPS_TOKEN'));

export const jsonOption = (): Option => new Option('--json', 'print what the ops API gives');

/** Runs `ask` with a client that is closed afterwards, whatever happens. */
export async function withClient(options: OpsOptions, ask: (client: OpsClient) => Promise<void>): Promise<void> {
  const client = new OpsClient(options);
  try {
    await ask(client);
  } finally {
    await client.close();
  }
}
