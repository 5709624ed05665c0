/**
 * The bullets of the standards page (RFC 9110, 9112, 9111, 9457, 7240, 8288, 6585, the Idempotency-Key draft, W3C Trace
 * Context) are kept here by number. Each has a test whose name begins with it, or a line in the decision that says why
 * not; so one that is missing is seen, and one that is made up too.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readTree } from '../../tidy/tree.ts';

/** Prefix, then the numbers that there are; gaps are the page's own. */
const bullets: readonly string[] = [
  ...numbered('S0-', 1, 5),
  ...['H-01', 'H-02', 'H-03', 'H-04', 'H-05', 'H-06', 'H-07', 'H-08', 'H-10', 'H-12', 'H-13', 'H-14', 'H-16', 'H-17'],
  ...['H-20', 'H-21', 'H-22', 'H-23', 'H-24', 'H-26', 'H-27', 'H-28', 'H-30', 'H-31', 'H-32', 'H-33', 'H-34', 'H-35'],
  ...numbered('M-', 1, 18),
  ...numbered('C-', 1, 3),
  ...numbered('P-', 1, 6),
  ...numbered('I-', 1, 7),
  ...numbered('PR-', 1, 5),
  ...numbered('L-', 1, 2),
  ...numbered('R-', 1, 4),
  ...numbered('T-', 1, 8),
];

function numbered(prefix: string, first: number, last: number): string[] {
  const digits = prefix === 'S0-' ? 1 : 2;
  return Array.from({ length: last - first + 1 }, (_, index) => prefix + String(first + index).padStart(digits, '0'));
}

const bulletForm = '(?:S0-\\d|(?:H|M|C|P|I|PR|L|R|T)-\\d\\d)';

/** What stands at the beginning of a literal: a test's name, or the part of a table that its name begins with. */
function namedIn(source: string): string[] {
  const begun = new RegExp(`['"\`](${bulletForm}(?: ${bulletForm})*)(?=[ '"\`])`, 'g');
  return [...source.matchAll(begun)].flatMap(([, named = '']) => named.split(' '));
}

/** Lines of a decision that begin with their bullets: `- **H-17** why …`. */
function excusedIn(text: string): string[] {
  const line = new RegExp(`^- \\*\\*(${bulletForm}(?:, ${bulletForm})*)\\*\\* `, 'gm');
  return [...text.matchAll(line)].flatMap(([, named = '']) => named.split(', '));
}

suite('the reading of names', () => {
  test('finds the bullets that a name begins with, and none that it only mentions', () => {
    assert.deepEqual(namedIn(`test('H-01 H-02 x', …); test(\`S0-1 \${a}\`, …); ['M-04', 'x']; test('x H-03', …)`), [
      ...['H-01', 'H-02'],
      ...['S0-1', 'M-04'],
    ]);
    assert.deepEqual(excusedIn('- **H-17, R-01** because.\nH-18 is meant\n- **x** H-19\n'), ['H-17', 'R-01']);
  });
});

suite('the standards page', () => {
  const tree = readTree();
  const own = 'test/http/standards/coverage.test.ts';
  const tested = new Set(
    tree.filter(({ path }) => /^test\/.*\.test\.ts$/.test(path) && path !== own).flatMap(({ text }) => namedIn(text)),
  );
  const decision = tree.find(({ path }) => /^docs\/adr\/\d{4}-standards-/.test(path));
  const excused = new Set(excusedIn(decision?.text ?? ''));

  for (const bullet of bullets) {
    test(`${bullet} is tested by name, or the decision says why not`, () => {
      assert.ok(tested.has(bullet) || excused.has(bullet), `nothing is said of ${bullet}`);
    });
  }

  test('no test and no decision names a bullet that there is not', () => {
    const unknown = [...tested, ...excused].filter((bullet) => !bullets.includes(bullet));
    assert.deepEqual(unknown, []);
  });
});
