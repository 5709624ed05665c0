/** A Redis that has the command and does not carry it out: it is loading, a replica by now, or full. */
import type { Fault } from './fault.ts';

const replies = {
  loading: '-LOADING Redis is loading the dataset in memory',
  readonly: "-READONLY You can't write against a read only replica.",
  oom: "-OOM command not allowed when used memory > 'maxmemory'.",
} as const;

export const errorReply = (kind: keyof typeof replies): Fault => ({
  name: `error-reply-${kind}`,
  ways: ['there'],
  async play(exchange) {
    exchange.toClient(Buffer.from(`${replies[kind]}\r\n`));
  },
});
