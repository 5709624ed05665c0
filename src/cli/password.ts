/** `northgate password`: the scrypt hash of a client's password, read from standard input so that no shell remembers it. */
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { Failure } from './failure.ts';
import type { Output } from './output.ts';

export const passwordCommand = (output: Output): Command =>
  new Command('password')
    .description('hash a password for northbound.clients[].passwordHash; reads it from standard input')
    .action(async () => {
      const { hashPassword } = await import('../http/password.ts');
      if (process.stdin.isTTY) process.stderr.write('The password, then Enter and Ctrl-D (it is shown as you type):\n');
      const password = (await text(process.stdin)).replace(/\r?\n$/, '');
      if (password === '') throw new Failure(2, 'no password came on standard input');
      output.write(`${await hashPassword(password)}\n`);
    });
