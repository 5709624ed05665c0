// Every measurement of the bench runs from its beginning to its tables, at a size that shows nothing else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { redisSkip } from './support/redis.ts';

const program = fileURLToPath(new URL('../bench/main.ts', import.meta.url));

/** What is measured is not covered besides, which Node would hand on to every child that does not say otherwise. */
const env = { ...process.env, NODE_V8_COVERAGE: undefined };

/** With its tables, what it said beside them, and its exit code. */
async function bench(...given: readonly string[]): Promise<{ tables: string; said: string; code: number | null }> {
  const child = spawn(process.execPath, [program, ...given], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const [tables, said, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { tables, said, code };
}

const rowsOf = (tables: string): string[] => tables.split('\n').filter((line) => line.startsWith('| '));

suite('the bench', { skip: redisSkip }, () => {
  for (const name of ['replay', 'held', 'journaled', 'scale', 'kept', 'console', 'memory', 'retention']) {
    test(`measures ${name} and prints its tables`, async () => {
      const { tables, said, code } = await bench('--tiny', name);
      assert.equal(code, 0, said);
      assert.ok(rowsOf(tables).length >= 3, `a head, a line and a row: ${tables}`);
      assert.doesNotMatch(tables, /NaN|Infinity|undefined/);
    });
  }

  test('refuses a name that it does not know', async () => {
    const { tables, said, code } = await bench('speed');
    assert.deepEqual([tables, code], ['', 2]);
    assert.match(said, /there is no measurement speed/);
  });
});
