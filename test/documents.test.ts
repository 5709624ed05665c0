/**
 * The documents held against the tree: every link and file name leads somewhere, every command exists, the minimum
 * configuration is accepted, and what CI runs is what the README says.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { readConfig } from '../src/config/reader.ts';
import { makeCertificate } from './config/certificate.ts';
import { root } from './tidy/tree.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const decisions = readdirSync(join(root, 'docs/adr')).filter((name) => /^\d{4}-/.test(name));
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'docs/adr/README.md',
  ...decisions.map((name) => `docs/adr/${name}`),
];

/** Code blocks of a language. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code = '']) => code);

/** What stands in backticks in running text. */
const codeWords = (text: string): string[] =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word);

suite('the documents', () => {
  for (const document of documents) {
    test(`${document}: links lead somewhere`, () => {
      const targets = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, target = '']) => target);
      const broken = targets.filter((target) => !existsSync(join(root, dirname(document), target)));
      assert.deepEqual(broken, []);
    });

    test(`${document}: files that it names exist`, () => {
      const names = codeWords(read(document)).filter((word) =>
        /^[\w./-]+\/[\w./-]*\.(?:ts|yaml|lua|sh|service|md)$/.test(word),
      );
      const isThere = (name: string): boolean =>
        ['', 'src', 'test'].some((folder) => existsSync(join(root, folder, name)));
      assert.deepEqual(
        names.filter((name) => !isThere(name)),
        [],
      );
    });
  }

  test('every npm script that they tell to run exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const told = documents.flatMap((document) =>
      [...read(document).matchAll(/\bnpm run ([a-z]+)/g)].map(([, name = '']) => name),
    );
    assert.ok(told.includes('demo'));
    assert.deepEqual(
      told.filter((name) => scripts[name] === undefined),
      [],
    );
  });

  test('every folder of src is in the code map', () => {
    const map = read('ARCHITECTURE.md');
    const missing = readdirSync(join(root, 'src')).filter(
      (name) => !map.includes(`\`src/${name}${name.endsWith('.ts') ? '' : '/'}\``),
    );
    assert.deepEqual(missing, []);
  });
});

test('what CI runs is what the README tells a newcomer to run', () => {
  const told = blocks(read('README.md'), 'sh').filter((code) => code.includes('npm test'));
  assert.equal(told.length, 1);
  assert.equal(read('.ci/run').trim().split('\n').at(-1), told[0]?.trim());
});

test('the minimum configuration of the README is accepted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'northgate-readme-'));
  try {
    const [minimum = ''] = blocks(read('README.md'), 'yaml');
    writeFileSync(join(folder, 'esc-password'), 'secret\n');
    writeFileSync(join(folder, 'esc.pem'), makeCertificate('esc').cert);
    writeFileSync(join(folder, 'northgate.yaml'), minimum.replaceAll('/etc/northgate/', `${folder}/`));
    const reading = readConfig({ file: join(folder, 'northgate.yaml'), environment: {} });
    assert.ok('config' in reading, JSON.stringify(reading));
    assert.deepEqual(reading.config.esc.nodes, ['172.16.0.0', '172.16.1.0']);
    assert.equal(reading.config.esc.password, 'secret');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('decisions are numbered without a gap, listed, and have every section', () => {
  const index = read('docs/adr/README.md');
  for (const [at, name] of decisions.sort().entries()) {
    assert.equal(Number(name.slice(0, 4)), at + 1);
    const text = read(`docs/adr/${name}`);
    const title = text.split('\n')[0]?.replace(/^# /, '');
    assert.ok(index.includes(`[${title}](${name})`), `${name} is not listed`);
    for (const section of ['Problem', 'Options', 'Decision', 'Consequences']) {
      assert.ok(text.includes(`\n## ${section}\n`), `${name} has no ${section}`);
    }
    assert.match(text, /Why not /, `${name} answers no "why not"`);
    assert.ok(text.split('\n').length <= 60, `${name} is longer than a page`);
  }
});
