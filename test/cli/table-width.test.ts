/** Tables on a terminal: none is wider than it, an id is never cut, what is cut keeps both its ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Output, printTable } from '../../src/cli/output.ts';
import { fitted, shortened } from '../../src/cli/table-width.ts';

/** A terminal so many characters wide, and what was written to it. */
function terminalOf(columns: number): Output & { readonly lines: () => string[] } {
  let text = '';
  return {
    isTerminal: true,
    columns,
    rows: 24,
    write: (piece) => {
      text += piece;
    },
    drained: () => Promise.resolve(),
    lines: () => text.trimEnd().split('\n'),
  };
}

const head = ['ID', 'STATUS', 'METHOD', 'PATH', 'REASON'];

test('a table is as wide as the terminal at most, whatever is in it', () => {
  const cell = fc.string({ unit: fc.constantFrom(...'abc/-é'), maxLength: 200 });
  const row = fc.tuple(fc.string({ unit: fc.constantFrom(...'abc'), maxLength: 20 }), cell, cell, cell, cell);
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 80, max: 200 }), (rows, columns) => {
      const terminal = terminalOf(columns);
      printTable(terminal, head, rows);
      for (const line of terminal.lines()) assert.ok([...line].length <= columns, line);
    }),
  );
});

test('an id is never cut, and a wide table is not made wider', () => {
  const id = '01K5Y0000000000000000000AB';
  const [, row = []] = fitted([head, [id, 'held', 'POST', `/ESCManager/v0/tenants/${'x'.repeat(100)}/end`, '']], 80);
  assert.equal(row[0], id);
  assert.match(row[3] ?? '', /^\/ESC.*….*\/end$/);
  assert.deepEqual(fitted([['a', 'b']], 80), [['a', 'b']]);
});

test('columns that find no room are left out from the right, and the head says that there are more', () => {
  const id = 'x'.repeat(48);
  const [titles = [], row = []] = fitted(
    [head, [id, 'awaiting-operator', 'DELETE', '/a/long/path/of/a/thing', 'r']],
    80,
  );
  assert.deepEqual(titles, ['ID', 'STATUS …']);
  assert.deepEqual(row, [id, 'awaiting-operator']);
});

test('what is cut keeps its beginning and its end', () => {
  assert.equal(shortened('/tenants/alpha', 20), '/tenants/alpha');
  assert.equal(shortened('/tenants/alpha', 9), '/ten…lpha');
  assert.equal([...shortened('abcdefgh', 4)].length, 4);
});
