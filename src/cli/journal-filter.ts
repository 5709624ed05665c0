/** The filters of `journal list` and `journal export`, as options and as the ops API's query. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/units.ts';
import { statuses } from '../domain/transaction.ts';
import type { Query } from './ops-client.ts';

export interface FilterOptions {
  readonly status?: string;
  readonly lane?: string;
  readonly client?: string;
  readonly method?: string;
  readonly path?: string;
  readonly q?: string;
  readonly since?: string;
  readonly until?: string;
}

export const withFilters = (command: Command): Command =>
  command
    .addOption(new Option('--status <status>', 'how it stands').choices([...statuses]))
    .option('--lane <lane>', 'the whole lane')
    .option('--client <name>', 'the whole name')
    .option('--method <method>', 'such as POST')
    .option('--path <prefix>', 'the path begins with it')
    .option('-q, --q <text>', 'found in id, client, path, lane, key, ESC’s id or reason')
    .option('--since <when>', 'received then or later: RFC 3339, or a duration ago such as 10m', toInstant)
    .option('--until <when>', 'received before then', toInstant);

export const queryOf = ({ status, lane, client, method, path, q, since, until }: FilterOptions): Query => ({
  status,
  lane,
  client,
  method,
  path,
  q,
  since,
  until,
});

function toInstant(written: string): string {
  const agoMs = parseDuration(written);
  const at = agoMs === undefined ? Date.parse(written) : Date.now() - agoMs;
  if (Number.isNaN(at)) throw new InvalidArgumentError('Expected an instant or a duration such as 10m.');
  return new Date(at).toISOString();
}
