/**
 * Both documents, as 3.0.3 and as 3.1, under the linters that users would hold them to, without a warning. The linters
 * are those of `test/clients`; where that is not installed this is skipped, but never in CI.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { asOpenApi31 } from '../../src/http/openapi-31.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const commands = join(root, 'test/clients/node_modules/.bin');
const isInstalled = existsSync(join(commands, 'redocly')) && existsSync(join(commands, 'spectral'));
const skip = isInstalled || process.env.CI === 'true' ? false : 'the linters are missing: npm ci --prefix test/clients';

const linters: readonly { name: string; words: readonly string[] }[] = [
  { name: 'redocly', words: ['lint', '--config', join(root, 'openapi/redocly.yaml')] },
  { name: 'spectral', words: ['lint', '--fail-severity', 'hint', '--ruleset', join(root, 'openapi/spectral.yaml')] },
];

const lintMaxMs = 120_000;

/** What it says if it is not content, null if it is. Nothing is sent or asked anywhere. */
function complaintOf(name: string, words: readonly string[]): Promise<string | null> {
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const options = { env, timeout: lintMaxMs, maxBuffer: 16 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(commands, name), ...words], options, (error, stdout, stderr) => {
      resolve(error === null ? null : `${stdout}\n${stderr}`);
    });
  });
}

suite('the documents are as linters want them', { skip }, () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'northgate-lint-'));
    for (const name of ['northbound', 'ops']) {
      const text = await readFile(join(root, 'openapi', `${name}.yaml`), 'utf8');
      await writeFile(join(folder, `${name}-3.0.yaml`), text);
      await writeFile(join(folder, `${name}-3.1.yaml`), stringify(asOpenApi31(parse(text) as object)));
    }
    const odd = { openapi: '3.0.3', info: { title: 'Odd' }, paths: { '/odd': { get: { responses: {} } } } };
    await writeFile(join(folder, 'odd.yaml'), stringify(odd));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const documents = ['northbound-3.0.yaml', 'northbound-3.1.yaml', 'ops-3.0.yaml', 'ops-3.1.yaml'];
  for (const { name, words } of linters) {
    test(`${name} sees what is wrong with a document`, async () => {
      assert.match((await complaintOf(name, [...words, join(folder, 'odd.yaml')])) ?? '', /version/);
    });

    test(`${name} has nothing to say about ours`, async () => {
      assert.equal(await complaintOf(name, [...words, ...documents.map((file) => join(folder, file))]), null);
    });
  }
});
