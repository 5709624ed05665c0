/**
 * Where a client is generated, compiled and loaded: a directory of its own that goes when the test is over. Nothing that
 * a generator made is edited, and none of it comes into the tree. The generators and their compiler are the packages of
 * this folder; where they or Java are missing the tests are skipped, with a sentence; with CI=true that is a failure.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Driver } from './orchestrator.ts';

/** Generating or compiling one client; it takes seconds, and minutes on a machine that is busy with other tests. */
const stepMaxMs = 10 * 60_000;
const outputMaxBytes = 32 * 1024 * 1024;

const here = fileURLToPath(new URL('.', import.meta.url));
const packages = join(here, 'node_modules');
const documents = fileURLToPath(new URL('../../openapi/', import.meta.url));

function skipUnless(isThere: boolean, missing: string, how: string): string | false {
  if (isThere) return false;
  if (process.env.CI === 'true') throw new Error(`${missing}, and CI must test generated clients`);
  return `${missing}, so clients are not generated: ${how}`;
}

/** For `test(name, { skip: packagesSkip }, …)`. */
export const packagesSkip: string | false = skipUnless(
  existsSync(join(packages, 'openapi-typescript', 'package.json')),
  'the packages of test/clients are not installed',
  'npm ci --prefix test/clients',
);

/** For what the Java generator makes. */
export const javaSkip: string | false =
  packagesSkip ||
  skipUnless(
    spawnSync('java', ['-version']).error === undefined,
    'java is not installed',
    'apt-get install openjdk-17-jre-headless',
  );

/** What of the contract a client is made of. */
const contract = ['northbound', 'ops'] as const;

export interface Generator {
  readonly name: string;
  /** Of the file in `drivers/`. */
  readonly driver: string;
  /** The command that makes a client of a document in `output`, which has no ending yet. */
  command(document: string, output: string): readonly [file: string, ...given: string[]];
}

const script = (...path: string[]): readonly [string, string] => [process.execPath, join(packages, ...path)];
const jar = join(packages, '@openapitools', 'openapi-generator-cli', 'bin', 'openapi-generator.jar');

export const openapiFetch: Generator = {
  name: 'openapi-typescript with openapi-fetch',
  driver: 'openapi-fetch',
  command: (document, output) => [...script('openapi-typescript', 'bin', 'cli.js'), document, '-o', `${output}.ts`],
};

export const heyApi: Generator = {
  name: '@hey-api/openapi-ts',
  driver: 'hey-api',
  command: (document, output) => [
    ...script('@hey-api', 'openapi-ts', 'bin', 'run.js'),
    ...['-i', document, '-o', output, '-c', '@hey-api/client-fetch', '--no-log-file', '--silent'],
  ],
};

export const javaGenerator: Generator = {
  name: 'openapi-generator, which is written in Java',
  driver: 'java-generator',
  command: (document, output) => [
    ...(['java', '-jar', jar, 'generate', '-g', 'typescript-fetch', '-i', document, '-o', output] as const),
    '--additional-properties=supportsES6=true,typescriptThreePlus=true',
  ],
};

/** As strict as a compiler's own word for it goes; the libraries' declarations are checked too. */
const compilerOptions = {
  target: 'es2022',
  lib: ['es2022', 'dom', 'dom.iterable'],
  module: 'nodenext',
  types: [],
  strict: true,
  skipLibCheck: false,
  allowJs: true,
  checkJs: true,
  allowImportingTsExtensions: true,
  rewriteRelativeImportExtensions: true,
  rootDir: '.',
  outDir: 'compiled',
};

export class Workplace implements AsyncDisposable {
  readonly #directory: string;
  readonly #generator: Generator;

  constructor(directory: string, generator: Generator) {
    this.#directory = directory;
    this.#generator = generator;
  }

  /** Makes a client of each document. Rejects with what the generator said. */
  async generate(): Promise<void> {
    for (const name of contract) {
      const [file, ...given] = this.#generator.command(
        join(documents, `${name}.yaml`),
        join(this.#directory, 'generated', name),
      );
      await this.#run(file, given);
    }
  }

  /** Compiles what was generated together with its driver. Rejects with the compiler's complaints. */
  async compile(): Promise<void> {
    const [node, compiler] = script('typescript', 'bin', 'tsc');
    await this.#run(node, [compiler, '--project', '.']);
  }

  async load(): Promise<Driver> {
    const compiled = join(this.#directory, 'compiled', 'drivers', `${this.#generator.driver}.mjs`);
    return (await import(pathToFileURL(compiled).href)) as Driver;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #run(file: string, given: readonly string[]): Promise<void> {
    const limits = { cwd: this.#directory, timeout: stepMaxMs, maxBuffer: outputMaxBytes };
    await promisify(execFile)(file, given, limits).catch((error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}\n${error.stdout ?? ''}`, { cause: error });
    });
  }
}

export async function openWorkplace(generator: Generator): Promise<Workplace> {
  const directory = await mkdtemp(join(tmpdir(), 'northgate-client-'));
  const driver = join('drivers', `${generator.driver}.mjs`);
  await mkdir(join(directory, 'drivers'));
  await mkdir(join(directory, 'generated'));
  await copyFile(join(here, driver), join(directory, driver));
  await copyFile(join(here, 'orchestrator.ts'), join(directory, 'orchestrator.ts'));
  await symlink(packages, join(directory, 'node_modules'));
  await writeFile(join(directory, 'package.json'), '{ "private": true }\n');
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['drivers', 'generated', 'orchestrator.ts'] }),
  );
  return new Workplace(directory, generator);
}
