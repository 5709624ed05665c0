/**
 * The rules of the house as a test: the table of imports (design section 3) and what style says that a program can
 * check. Each rule is first shown to fail on a made-up source that breaks it, then held against the tree.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { circleComplaints } from './tidy/circles.ts';
import { type ImportRules, importComplaints, importsOf, type Source } from './tidy/imports.ts';
import * as rules from './tidy/rules.ts';
import { readTree } from './tidy/tree.ts';

/** Imports run one way. Whoever adds a folder to `src/` adds its line, and says in ARCHITECTURE.md what it is. */
const parts = {
  domain: [],
  esc: ['domain'],
  config: ['esc'],
  journal: ['domain', 'esc'],
  upstream: ['domain', 'esc'],
  tracing: ['domain', 'upstream'],
  pair: ['domain', 'esc', 'journal', 'upstream'],
  northbound: ['domain', 'esc', 'journal', 'upstream', 'tracing', 'pair'],
  replay: ['domain', 'esc', 'journal', 'upstream', 'pair', 'northbound'],
  callbacks: ['domain', 'esc', 'journal', 'upstream', 'tracing', 'pair', 'northbound'],
  ops: ['domain', 'esc', 'journal', 'pair', 'northbound', 'replay', 'callbacks'],
  console: ['domain', 'esc', 'journal', 'pair', 'ops'],
  http: [
    'domain',
    'esc',
    'config',
    'journal',
    'upstream',
    'tracing',
    'pair',
    'northbound',
    'replay',
    'callbacks',
    'ops',
    'console',
  ],
  sim: ['esc'],
  'app.ts': [
    'domain',
    'esc',
    'config',
    'journal',
    'upstream',
    'pair',
    'northbound',
    'replay',
    'callbacks',
    'ops',
    'http',
    'parts.ts',
    'journal-in-use.ts',
    'listening.ts',
  ],
  'listening.ts': ['config', 'journal', 'tracing', 'northbound', 'callbacks', 'ops', 'http', 'parts.ts'],
  'journal-in-use.ts': ['journal', 'tracing', 'ops'],
  'parts.ts': ['config', 'journal', 'upstream', 'tracing', 'pair', 'callbacks', 'http'],
  cli: ['domain', 'esc', 'config', 'journal', 'ops', 'http', 'sim', 'app.ts'],
  'main.ts': ['cli'],
};

const imports: ImportRules = {
  parts,
  pure: { domain: ['tinyqueue'], esc: ['ajv', 'fast-xml-parser', 'find-my-way', 'node:net', 'yaml'] },
  owners: {
    ioredis: ['journal'],
    'node:sqlite': ['journal'],
    undici: ['upstream', 'callbacks', 'sim', 'cli'],
    fastify: ['http', 'console'],
    'p-queue': ['replay', 'callbacks', 'cli', 'http'],
    'rate-limiter-flexible': ['http'],
    commander: ['cli'],
    'prom-client': ['ops'],
    '@opentelemetry/api': ['tracing'],
    '@opentelemetry/sdk-trace': ['tracing'],
  },
};

/** A simulated pair opens the door by which another process orders it about. */
const circlesKnown = [['src/sim/control.ts', 'src/sim/pair.ts']];

type Rule = (source: Source) => string[];

/** A rule, the files that it is for, and made-up ones that break it or only look as if. */
interface House {
  readonly says: string;
  readonly rule: Rule;
  readonly isFor: (path: string) => boolean;
  readonly breaking: readonly Source[];
  readonly keeping: readonly Source[];
}

const source = (path: string, text = ''): Source => ({ path, text });
const lines = (count: number): string => 'const line = 1;\n'.repeat(count);

const isCode = (path: string): boolean => /^(?:src|test|bench)\/.*\.ts$/.test(path);
const isProduct = (path: string): boolean => /^src\/.*\.(?:ts|lua)$/.test(path);
const isWritten = (path: string): boolean => path !== 'package-lock.json' && path !== 'LICENSE';

const house: readonly House[] = [
  {
    says: 'imports run one way',
    rule: (given) => importComplaints(given, imports),
    isFor: isProduct,
    breaking: [
      source('src/domain/a.ts', "import { b } from '../esc/b.ts';"),
      source('src/domain/a.ts', "import { readFileSync } from 'node:fs';"),
      source('src/domain/a.ts', "import PQueue from 'p-queue';"),
      source('src/esc/a.ts', "import type { J } from '../journal/journal.ts';"),
      source('src/northbound/a.ts', "import {\n  b,\n  c,\n} from '../http/b.ts';"),
      source('src/northbound/a.ts', "export { b } from '../replay/b.ts';"),
      source('src/replay/a.ts', "import { b } from '../callbacks/b.ts';"),
      source('src/callbacks/a.ts', "import type { B } from '../replay/b.ts';"),
      source('src/journal/redis/a.ts', "import { b } from '../../pair/b.ts';"),
      source('src/app.ts', "import { startPair } from './sim/pair.ts';"),
      source('src/ops/a.ts', "const b = await import('../cli/b.ts');"),
      source('src/sim/a.ts', "import { b } from '../domain/b.ts';"),
      source('src/http/a.ts', "import { Pool } from 'undici';"),
      source('src/cli/a.ts', "import { world } from '../../test/support/world.ts';"),
      source('src/managers/a.ts'),
    ],
    keeping: [
      source('src/domain/a.ts', "import type { Socket } from 'node:net';\nimport Queue from 'tinyqueue';"),
      source('src/replay/a.ts', "// import { b } from '../http/b.ts'\nimport { c } from '../northbound/c.ts';"),
      source('src/esc/a.ts', "import { b } from './b.ts';\nimport '../domain/c.ts';"),
    ],
  },
  {
    says: 'the domain has no clock, no randomness, no waiting and no process',
    rule: rules.isPure,
    isFor: (path) => path.startsWith('src/domain/'),
    breaking: [
      source('src/domain/a.ts', 'export async function a() {}'),
      source('src/domain/a.ts', 'const now = Date.now();'),
      source('src/domain/a.ts', `const id = \`\${Math.random()}\`;`),
      source('src/domain/a.ts', 'if (process.env.A) a();'),
    ],
    keeping: [source('src/domain/a.ts', "// the Date of a process\nconst text = 'await the Date'; const updated = 1;")],
  },
  {
    says: 'folders are parts of the product, not kinds of code',
    rule: rules.isPartOfProduct,
    isFor: (path) => /^(?:src|test|bench|console)\//.test(path),
    breaking: [source('src/utils/a.ts'), source('src/journal/helpers/a.ts'), source('test/common/a.ts')],
    keeping: [source('src/sim/services.ts'), source('test/support/a.ts')],
  },
  {
    says: 'file names are in kebab-case',
    rule: rules.isKebabCase,
    isFor: (path) => isCode(path) || isProduct(path),
    breaking: [source('src/pair/laneTable.ts'), source('src/pair/Gate.ts'), source('src/pair/lane_table.lua')],
    keeping: [source('src/pair/lane-table.ts'), source('test/a/lane-table.test.ts')],
  },
  {
    says: 'files are small',
    rule: rules.isSmall,
    isFor: (path) => isCode(path) || isProduct(path),
    breaking: [
      source('src/pair/a.ts', lines(rules.fileLinesMax + 1)),
      source('src/journal/redis/a.lua', lines(rules.scriptLinesMax + 1)),
    ],
    keeping: [source('src/pair/a.ts', lines(rules.fileLinesMax)), source('src/a.lua', lines(rules.scriptLinesMax))],
  },
  {
    says: 'every file of the product says at its top what it is',
    rule: rules.hasHeader,
    isFor: isProduct,
    breaking: [
      source('src/pair/a.ts', "import { b } from './b.ts';\n// What it is.\n"),
      source('src/pair/a.ts', '/** */\nconst a = 1;'),
      source('src/pair/a.ts', `${'// word\n'.repeat(rules.headerLinesMax + 1)}const a = 1;`),
      source('src/journal/redis/a.lua', "return 'written'"),
    ],
    keeping: [
      source('src/main.ts', '#!/usr/bin/env node\n/** The process. */\nconst a = 1;'),
      source('src/pair/a.ts', '// What it is,\n// and what not.\n\nconst a = 1;'),
      source('src/journal/redis/a.lua', '-- Reads records.\nreturn 1'),
    ],
  },
  {
    says: 'there are no barrels',
    rule: rules.isNoBarrel,
    isFor: isCode,
    breaking: [
      source('src/pair/index.ts', 'export const a = 1;'),
      source('src/pair/all.ts', "/** All. */\nexport { a } from './a.ts';\nexport type { B } from './b.ts';\n"),
      source('src/pair/all.ts', "export * from './a.ts';\nexport const b = 1;"),
    ],
    keeping: [
      source('src/pair/a.ts', "export type { B } from './b.ts';\nexport const a = 1;"),
      source('src/pair/b.ts'),
    ],
  },
  {
    says: 'nothing is left to be done later by a remark',
    rule: rules.hasNoReminder,
    isFor: isWritten,
    breaking: [source('src/pair/a.ts', `// ${'TO'}DO: later`), source('docs/a.md', `${'FIX'}ME`)],
    keeping: [source('src/pair/a.ts', 'const toDo = 1; // what is to do')],
  },
  {
    says: 'no test is left out or alone by a constant',
    rule: rules.runsAllTests,
    isFor: (path) => path.startsWith('test/') && path.endsWith('.ts'),
    breaking: [
      source('test/a.test.ts', `test.${'on'}ly('a', () => {});`),
      source('test/a.test.ts', `suite.${'sk'}ip('a', () => {});`),
      source('test/a.test.ts', `test('a', { ${'sk'}ip: true }, () => {});`),
    ],
    keeping: [source('test/a.test.ts', "test('only one', { skip: redisSkip }, () => {});")],
  },
  {
    says: 'no file knows a path of one machine or an address to download from',
    rule: rules.isPortable,
    isFor: () => true,
    breaking: [
      source('docs/a.md', `see /${'home'}/ann/northgate`),
      source('test/a.ts', `'/${'work'}/main'`),
      source('package-lock.json', `"${'resolved'}": "https://${'registry'}.example/a"`),
      source('Dockerfile', `ADD https://files.example/${'a.tar'}.gz /opt/a`),
    ],
    keeping: [
      source('docs/a.md', 'https://www.rfc-editor.org/rfc/rfc9457 and /opt/northgate'),
      source('docs/b.md', `src/${'work'}/a.ts`),
    ],
  },
];

for (const { says, rule, breaking, keeping } of house) {
  suite(`the rule "${says}"`, () => {
    for (const [index, given] of breaking.entries()) {
      test(`sees made-up breach ${index + 1}: ${given.path}`, () => {
        assert.notDeepEqual(rule(given), []);
      });
    }
    test('lets pass what only looks like a breach', () => {
      assert.deepEqual(keeping.flatMap(rule), []);
    });
  });
}

suite('the rule "no files import each other"', () => {
  const circle = [
    source('src/pair/a.ts', "import { b } from './b.ts';"),
    source('src/pair/b.ts', "import type { C } from '../esc/c.ts';"),
    source('src/esc/c.ts', "export type { A } from '../pair/a.ts';"),
  ];

  test('sees a circle of types among three files, once', () => {
    assert.deepEqual(circleComplaints(circle), ['these import each other: src/esc/c.ts src/pair/a.ts src/pair/b.ts']);
  });

  test('sees a file that imports itself', () => {
    assert.equal(circleComplaints([source('src/pair/a.ts', "import type { A } from './a.ts';")]).length, 1);
  });

  test('lets pass what two ways lead to, and a circle that is known', () => {
    const [a, b] = circle as [Source, Source, Source];
    assert.deepEqual(circleComplaints([a, b, source('src/esc/c.ts')]), []);
    assert.deepEqual(circleComplaints(circle, [['src/esc/c.ts', 'src/pair/a.ts', 'src/pair/b.ts']]), []);
  });
});

suite('the tree', () => {
  const tree = readTree();

  test('is read at all', () => {
    const paths = new Set(tree.map(({ path }) => path));
    for (const path of ['src/app.ts', 'src/journal/redis/write.lua', 'README.md', 'Dockerfile', '.ci/run']) {
      assert.ok(paths.has(path), `${path} was not read`);
    }
    assert.ok(importsOf(tree.find(({ path }) => path === 'src/app.ts')?.text ?? '').length > 20);
  });

  test('has every part that the import table names', () => {
    const found = new Set(tree.map(({ path }) => path.split('/')).map(([top, part]) => (top === 'src' ? part : '')));
    assert.deepEqual(
      Object.keys(parts).filter((part) => !found.has(part)),
      [],
    );
  });

  test('keeps it: no files import each other', () => {
    assert.deepEqual(
      circleComplaints(
        tree.filter(({ path }) => isProduct(path)),
        circlesKnown,
      ),
      [],
    );
  });

  for (const { says, rule, isFor } of house) {
    test(`keeps it: ${says}`, () => {
      assert.deepEqual(
        tree.filter(({ path }) => isFor(path)).flatMap((each) => rule(each)),
        [],
      );
    });
  }
});
