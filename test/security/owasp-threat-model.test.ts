/**
 * docs/threat-model.md and SECURITY.md held against the tree: every line names tests that are there, and all ten lines of
 * OWASP have one.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { root } from '../tidy/tree.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const model = read('docs/threat-model.md');

/** Rows of the tables with a column for tests. */
const rows = [...model.matchAll(/^\| (?!threat|---)(.+) \| (.+) \| (.+) \|$/gm)]
  .map(([, threat = '', , tests = '']) => ({
    threat,
    tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  }))
  .filter(({ threat }) => model.indexOf(`| ${threat} |`) > model.indexOf('## Entry points'));

suite('the threat model', () => {
  test('is read', () => assert.ok(rows.length >= 25, `${rows.length}`));

  for (const { threat, tests } of rows) {
    test(`${threat}: its tests are there`, () => {
      assert.ok(tests.length > 0);
      assert.deepEqual(
        tests.filter((name) => !/^test\/.+\.ts$/.test(name) || !existsSync(join(root, name))),
        [],
      );
    });
  }

  test('every test of test/security is named', () => {
    const files = readdirSync(join(root, 'test/security')).filter((name) => name.endsWith('.test.ts'));
    assert.deepEqual(
      files.filter((name) => !model.includes(`\`test/security/${name}\``)),
      [],
    );
  });

  test('names all of the OWASP API Security Top 10, and each has a test that bears its number', () => {
    const tests = ['owasp.test.ts', 'owasp-access.test.ts'].map((name) => read(`test/security/${name}`)).join('');
    for (let line = 1; line <= 10; line += 1) {
      assert.match(model, new RegExp(`\\bAPI${line}\\b`), `API${line}`);
      assert.match(tests, new RegExp(`test\\('(?:API\\d+ )*API${line} `), `API${line}`);
    }
  });
});

test('links of both documents lead somewhere', () => {
  for (const document of ['SECURITY.md', 'docs/threat-model.md']) {
    const targets = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, target = '']) => target);
    assert.ok(targets.length > 0);
    assert.deepEqual(
      targets.filter((target) => !existsSync(join(root, dirname(document), target))),
      [],
    );
  }
});
