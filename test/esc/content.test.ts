// R15, R16: whether a resource is what a request asked for. Doubt is no.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { XMLBuilder } from 'fast-xml-parser';
import { compareContent, isContained } from '../../src/esc/content.ts';
import { bytes } from './documents.ts';

const compare = (request: string, look: string) => compareContent(bytes(request), bytes(look));
const groups = (...inner: string[]) =>
  `<deployment>${inner.map((each) => `<vm_group>${each}</vm_group>`).join('')}</deployment>`;

for (const [what, request, look, expected] of [
  ['the same', '<tenant><name>t</name></tenant>', '<tenant><name>t</name></tenant>', 'equal'],
  [
    'more than was asked for',
    '<tenant><name>t</name></tenant>',
    '<tenant><name>t</name><state>ACTIVE</state></tenant>',
    'equal',
  ],
  ['another name', '<tenant><name>t</name></tenant>', '<tenant><name>u</name></tenant>', 'different'],
  ['less than was asked for', '<t><name>t</name><src>x</src></t>', '<t><name>t</name></t>', 'equal-as-shown'],
  ['nothing of it', '<t><name>t</name></t>', '<t><internal_tenant_id>t</internal_tenant_id></t>', 'incomparable'],
  ['a cut document', '<t><name>t</name></t>', '<t><name>t</name>', 'incomparable'],
  ['nothing', '<t><name>t</name></t>', '', 'incomparable'],
  [
    'other prefixes and blanks',
    '<t xmlns="u"><name> t </name></t>',
    '<e:t xmlns:e="u"><e:Name>t</e:Name></e:t>',
    'equal',
  ],
  ['JSON', '<t><a-b>1</a-b><c>true</c></t>', '{"t": {"aB": 1, "c": true}}', 'equal'],
  [
    'a list in another order',
    groups('<name>a</name><n>1</n>', '<name>b</name><n>2</n>'),
    groups('<name>b</name><n>2</n>', '<n>1</n><name>a</name>'),
    'equal',
  ],
  [
    'items changed for each other',
    groups('<name>a</name><n>1</n>', '<name>b</name><n>2</n>'),
    groups('<name>b</name><n>1</n>', '<name>a</name><n>2</n>'),
    'different',
  ],
  ['an item less', groups('<name>a</name>', '<name>b</name>'), groups('<name>a</name>'), 'different'],
  [
    'an item more, which an update would have removed',
    groups('<name>a</name>'),
    groups('<name>a</name>', '<name>b</name>'),
    'different',
  ],
  [
    'a nameless list in another order',
    '<t><dns>1</dns><dns>2</dns></t>',
    '<t><dns>2</dns><dns>1</dns></t>',
    'different',
  ],
  [
    'a leaf in another item only',
    groups('<name>a</name><n>1</n>', '<name>b</name>'),
    groups('<name>a</name>', '<name>b</name><n>1</n>'),
    'different',
  ],
  ['an element where a text was asked for', '<t><a>1</a></t>', '<t><a><b>1</b></a></t>', 'different'],
  ['lists within lists', '{"a": [[1]], "b": 1}', '{"a": [[1]], "b": 1}', 'different'],
  [
    'what is to be deleted',
    '<t xmlns:n="u"><g n:operation="delete"><name>a</name></g></t>',
    '<t><g><name>a</name></g></t>',
    'incomparable',
  ],
] as const) {
  test(`R15: a resource that shows ${what} is ${expected}`, () => {
    assert.equal(compare(request, look), expected);
    assert.equal(isContained(bytes(request), bytes(look)), expected.startsWith('equal'));
  });
}

interface Node {
  readonly [name: string]: string | Node | readonly Node[];
}
const text = fc.stringMatching(/^[a-z0-9]{1,6}$/);
const { node } = fc.letrec<{ node: Node; items: readonly Node[] }>((tie) => ({
  node: fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'd_e'),
    fc.oneof({ maxDepth: 4 }, text, tie('node'), tie('items')),
    {
      minKeys: 1,
      noNullPrototype: true,
    },
  ),
  items: fc
    .uniqueArray(text, { minLength: 2, maxLength: 4 })
    .map((names) => names.map((name) => ({ name, x: `${name}1` }))),
}));
const builder = new XMLBuilder({});
const xml = (content: Node): string => builder.build({ root: content });

test('R16: a resource that shows just what was asked for is equal, however its lists are ordered, in XML and in JSON', () => {
  const reversed = (value: Node[string]): Node[string] => {
    if (typeof value === 'string') return value;
    if (Array.isArray(value)) return value.toReversed();
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, each]) => [name, reversed(each)]),
    );
  };
  fc.assert(
    fc.property(node, (content) => {
      const other = reversed(content) as Node;
      assert.equal(compare(xml(content), xml(other)), 'equal');
      assert.equal(compare(xml(content), JSON.stringify({ root: other })), 'equal');
    }),
  );
});

test('R16: one leaf that differs anywhere is never taken for equal', () => {
  /** The document with its `count`-th leaf replaced. */
  const changed = (value: Node[string], counter: { left: number }): Node[string] => {
    if (typeof value === 'string') return counter.left-- === 0 ? `${value}!` : value;
    if (Array.isArray(value)) return value.map((each) => changed(each, counter) as Node);
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, changed(each, counter)]));
  };
  const leaves = (value: Node[string]): number =>
    typeof value === 'string' ? 1 : Object.values(value).reduce((sum: number, each) => sum + leaves(each as Node), 0);
  fc.assert(
    fc.property(node, fc.nat(), (content, seed) => {
      const other = changed(content, { left: seed % leaves(content) }) as Node;
      assert.equal(isContained(bytes(xml(content)), bytes(xml(other))), false);
    }),
  );
});

test('a document too large to compare ends in doubt, and in bounded time', () => {
  const flat = `<r>${Array.from({ length: 25_000 }, (_, index) => `<a${index}/>`).join('')}</r>`;
  assert.equal(compare(flat, flat), 'different');
  assert.equal(compare(`<r>${'<a/>'.repeat(70_000)}</r>`, '<r><a/></r>'), 'incomparable');
});
