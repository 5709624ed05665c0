/**
 * Time of readers over long inputs: every regular expression of the product over texts that make a bad one go back again
 * and again, and every parser of what strangers say over the longest that it takes. Measured is the time of the
 * processor, not of the clock, and what is allowed lies far above linear and far below quadratic.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { operationOf, readDeploymentRequest } from '../../src/esc/bodies.ts';
import { readHealthReport } from '../../src/esc/health-report.ts';
import { readReport } from '../../src/esc/reports.ts';
import { rawPathOf, readPath } from '../../src/esc/request-path.ts';
import { parseUserData } from '../../src/esc/user-data.ts';
import { towardsClient } from '../../src/northbound/answer.ts';
import { readPreferences } from '../../src/northbound/preferences.ts';
import { readTree } from '../tidy/tree.ts';

const textChars = 40_000;
const cpuMaxMs = 200;
const triesMax = 3;

function cpuMs(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The shortest of a few: once in a while garbage is collected meanwhile. */
function shortestMs(run: () => unknown, enoughMs: number): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < triesMax && shortest >= enoughMs; tried += 1) shortest = Math.min(shortest, cpuMs(run));
  return shortest;
}

/** What stands between slashes where an expression may begin; a division that looks like one does no harm. */
const literal =
  /(?<=[=(,:!&|?[{;]\s*|return )\/(?![/*])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/([dgimsuvy]*)(?=[\s.,;)\]}])/g;

interface Expression {
  readonly where: string;
  readonly expression: RegExp;
}

function expressionsIn(path: string, text: string): Expression[] {
  return [...text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '').matchAll(literal)].flatMap(([, source = '', flags]) => {
    try {
      return [{ where: `${path} /${source}/${flags}`, expression: new RegExp(source, flags) }];
    } catch {
      return [];
    }
  });
}

/** Repeated, with and without what the expression begins with, and ended by what it cannot take. */
function textsFor({ source }: RegExp): string[] {
  const characters = new Set([...source.replace(/\\[dDwWsSbBxu]|\\/g, ''), ...'aA0 /"\\.,;:=-_<>%@[]{}\t\n\0']);
  const begin = /^\^?([\w /<"!-]+)/.exec(source)?.[1] ?? '';
  const pairs = [...source.matchAll(/(?=([^\\()[\]{}^$|*+?]{2}))/g)].map(([, pair = '']) => pair);
  return [...characters, ...new Set(pairs)].flatMap((pump) => {
    const long = pump.repeat(textChars / pump.length);
    return begin === '' ? [`${long}\0`] : [`${long}\0`, `${begin}${long}\0`];
  });
}

/** Expressions that may take longer, and who chooses their text. */
const own = 'its text is the operator’s own configuration';
const slower: ReadonlyMap<string, string> = new Map([
  ['src/callbacks/token.ts /\\/+$/', own],
  ['src/cli/doctor/callbacks.ts /\\/+$/', own],
  ['src/tracing/exporting.ts /\\/+$/', own],
  ['src/config/values.ts /=+$/', own],
  ['src/cli/demo/report.ts / +$/gm', 'its text is the demonstration’s own'],
]);

suite('regular expressions', () => {
  test('one that goes back again and again is found by these texts', () => {
    for (const bad of [/<[^>]*>/, /^.*,.*;x/, / +$/]) {
      const isSlow = textsFor(bad).some((text) => shortestMs(() => bad.exec(text), cpuMaxMs) > cpuMaxMs);
      assert.ok(isSlow, `${bad}`);
    }
  });

  const all = readTree()
    .filter(({ path }) => /^src\/.*\.ts$/.test(path) && !path.startsWith('src/sim/'))
    .flatMap(({ path, text }) => expressionsIn(path, text));

  test('are found in the sources', () => assert.ok(all.length > 80, `${all.length}`));

  test('those that may take longer are still there', () => {
    const found = new Set(all.map(({ where }) => where));
    assert.deepEqual(
      [...slower.keys()].filter((where) => !found.has(where)),
      [],
    );
  });

  for (const { where, expression } of all) {
    if (slower.has(where)) continue;
    test(`${where} takes linear time`, () => {
      for (const text of textsFor(expression)) {
        const took = shortestMs(() => {
          expression.lastIndex = 0;
          return expression.exec(text);
        }, cpuMaxMs);
        assert.ok(took < cpuMaxMs, `${took} ms over ${JSON.stringify(text.slice(0, 20))}…`);
      }
    });
  }
});

const bytes = (text: string): Buffer => Buffer.from(text);
const authorities = { own: 'http://gateway', esc: ['10.0.0.1'] };

/** A quarter of a million characters one after another take a small part of it; squared they would take minutes. */
const readMaxMs = 4_000;
/** What each reads at most, as strangers may send it. */
const readers: readonly [string, number, (text: string) => unknown][] = [
  ['a request’s body', 262_144, (text) => [operationOf(bytes(text)), readDeploymentRequest(bytes(text))]],
  ['a report of ESC', 262_144, (text) => readReport([], bytes(text))],
  ['a health report', 65_536, (text) => readHealthReport(200, 'application/json', bytes(text))],
  ['a target', 65_536, (text) => readPath(rawPathOf(text))],
  ['preferences', 65_536, (text) => readPreferences(['Prefer', text])],
  ['a Link of ESC', 65_536, (text) => towardsClient({ status: 200, headers: ['Link', text] }, authorities)],
  ['user data', 65_536, (text) => parseUserData('user-data', text)],
];
const pumps = [
  ...[
    '<a>',
    '<a/>',
    '</a>',
    '<a ',
    '<!--',
    '<![CDATA[',
    '<?a',
    '&lt;',
    '<a b="',
    '[',
    '{"a":',
    '[[],',
    '{"a":1,',
    '"\\',
  ],
  ...['a', ' ', '\n', '/..', '/.;', '//', '%2e/', '"', ',', ';=', '<', '- ', '? ', 'a: ', '&a *a ', '! ', '\t', "'"],
];

suite('parsers', () => {
  for (const [what, charsMax, read] of readers) {
    test(`${what}: no text of ${charsMax} characters keeps the processor for long`, () => {
      for (const pump of pumps) {
        const text = pump.repeat(charsMax / pump.length);
        const took = shortestMs(() => read(text), readMaxMs);
        assert.ok(took < readMaxMs, `${took} ms over ${JSON.stringify(pump)}`);
      }
    });
  }
});
