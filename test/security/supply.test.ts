/**
 * What the gateway is made of and how it is delivered: the lock file, licences, the bill of materials, the image, the
 * compose file and the systemd unit, held against what docs/threat-model.md says of them. Nothing is fetched.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { root } from '../tidy/tree.ts';

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly allowScripts: Record<string, boolean>;
  readonly scripts: Record<string, string>;
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifestOf = (folder: string): Manifest => JSON.parse(read(join(folder, 'package.json')));
const lockOf = (folder: string): [string, Locked][] => {
  const { packages } = JSON.parse(read(join(folder, 'package-lock.json'))) as { packages: Record<string, Locked> };
  return Object.entries(packages).filter(([place]) => place !== '');
};

/** What may be shipped with a product under Apache-2.0 without asking anybody; `dev` is never shipped. */
const shippable = new Set([
  ...['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BSD-0-Clause', '0BSD', 'BlueOak-1.0.0'],
  ...['Python-2.0', 'Unlicense', 'CC0-1.0'],
]);

for (const [folder, scripted] of [
  ['.', ['node_modules/node']],
  ['test/clients', ['node_modules/@scarf/scarf']],
] as const) {
  suite(`packages of ${folder}`, () => {
    test('each is pinned by the hash of its contents', () => {
      const loose = lockOf(folder).filter(
        ([, { integrity = '', link }]) => link === true || !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity),
      );
      assert.deepEqual(loose, []);
    });

    test('none runs a script when it is installed, but for those that package.json decides on', () => {
      const running = lockOf(folder).filter(([, { hasInstallScript }]) => hasInstallScript === true);
      assert.deepEqual(
        running.map(([place]) => place),
        scripted,
      );
      const decided = Object.keys(manifestOf(folder).allowScripts);
      assert.deepEqual(
        decided,
        scripted.map((place) => place.replace('node_modules/', '')),
      );
    });

    test('versions are exact', () => {
      const { dependencies, devDependencies = {} } = manifestOf(folder);
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        assert.match(version, /^\d+\.\d+\.\d+(?:-[\w.-]+)?$/, name);
      }
    });
  });
}

test('only node may run a script at installation, and says so in package.json', () => {
  assert.deepEqual(manifestOf('.').allowScripts, { node: true });
  assert.deepEqual(manifestOf('test/clients').allowScripts, { '@scarf/scarf': false });
});

test('every package that is shipped has a licence that lets it be', () => {
  const shipped = lockOf('.').filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true);
  assert.ok(shipped.length > 20);
  const others = shipped.filter(([, { license = 'none' }]) => !license.split(' OR ').some((one) => shippable.has(one)));
  assert.deepEqual(
    others.map(([place, { license }]) => `${place}: ${license}`),
    [],
  );
});

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly 'bom-ref': string;
  readonly hashes?: readonly { readonly alg: string }[];
  readonly licenses?: readonly object[];
}

interface Bill {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: { readonly component: { readonly purl: string } };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** npm comes with the Node of the machine, not with the package `node`; `npm test` says which one runs it. */
function runNpm(words: readonly string[]): string {
  const path = (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => !folder.startsWith(join(root, 'node_modules')))
    .join(':');
  return execFileSync('npm', words, { cwd: root, encoding: 'utf8', env: { ...process.env, PATH: path } });
}

/** htmx writes `BSD-0-Clause` where SPDX says `0BSD`, and npm leaves out what SPDX does not know. */
const withoutSpdx = ['htmx.org'];

// Those for development are in it too: npm's own `--omit dev` leaves out what is shipped and also needed there.
test('`npm run sbom` writes a CycloneDX bill with every shipped package, its hash and its licence', () => {
  const bill = JSON.parse(runNpm(['run', '--silent', 'sbom'])) as Bill;
  assert.equal(bill.bomFormat, 'CycloneDX');
  assert.match(bill.specVersion, /^1\.[5-9]$/);
  assert.match(bill.serialNumber, /^urn:uuid:[0-9a-f-]{36}$/);
  assert.ok(Number.isInteger(bill.version));
  assert.match(bill.metadata.component.purl, /^pkg:npm\/northgate@/);
  const listed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
  for (const [place, { version, dev }] of lockOf('.')) {
    const name = place.split('node_modules/').at(-1);
    assert.ok(dev === true || listed.has(`${name}@${version}`), `${place} is not listed`);
  }
  const references = new Set(bill.components.map((each) => each['bom-ref']));
  for (const { type, name, hashes = [], licenses = [] } of bill.components) {
    assert.equal(type, 'library', name);
    assert.equal(hashes[0]?.alg, 'SHA-512', name);
    assert.ok(licenses.length > 0 || withoutSpdx.includes(name), name);
  }
  for (const { ref, dependsOn } of bill.dependencies) {
    for (const each of dependsOn) assert.ok(references.has(each), `${ref} depends on ${each}, which is not listed`);
  }
});

suite('the image', () => {
  const dockerfile = read('Dockerfile')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, ' ');
  const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
  const lines = last.trim().split('\n');

  test('the final stage is made without running anything in it, from a base without a shell', () => {
    assert.match(lines[0] ?? '', /^FROM gcr\.io\/distroless\/[\w-]+:nonroot$/);
    assert.deepEqual(
      lines.filter((line) => /^(?:RUN|SHELL|ADD|ARG) /.test(line)),
      [],
    );
  });

  test('what it runs is run without a shell', () => {
    for (const name of ['ENTRYPOINT', 'CMD']) {
      const [line = ''] = lines.filter((each) => each.startsWith(`${name} `));
      assert.ok(Array.isArray(JSON.parse(line.slice(name.length))), line);
    }
    const [check = ''] = lines.filter((line) => line.startsWith('HEALTHCHECK '));
    const [program] = JSON.parse(check.slice(check.indexOf('['))) as string[];
    assert.equal(program, '/usr/local/bin/node');
  });

  test('it runs as a user that is not root, by number, who owns nothing but the journal’s folder', () => {
    const [user = ''] = lines.filter((line) => line.startsWith('USER '));
    assert.match(user, /^USER [1-9]\d*:[1-9]\d*$/);
    const owned = lines.filter((line) => line.includes('--chown='));
    assert.deepEqual(
      owned.map((line) => line.split(' ').at(-1)),
      ['/var/lib/northgate'],
    );
  });

  test('its packages are those of the lock file, without development ones, and none runs a script', () => {
    assert.match(dockerfile, /^RUN npm ci --omit=dev --ignore-scripts /m);
  });

  test('no secret is in it or given to its build', () => {
    assert.doesNotMatch(dockerfile, /(?:password|secret|token|_key)\b/i);
  });
});

test('every container has a read-only root, no capability and no way to more', () => {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, Record<string, unknown>>;
  };
  assert.ok(Object.keys(services).length >= 3);
  for (const [name, each] of Object.entries(services)) {
    assert.equal(each.read_only, true, name);
    assert.deepEqual(each.cap_drop, ['ALL'], name);
    assert.deepEqual(each.security_opt, ['no-new-privileges:true'], name);
    for (const refused of ['privileged', 'cap_add', 'pid', 'ipc', 'network_mode', 'devices']) {
      assert.equal(each[refused], undefined, `${name}: ${refused}`);
    }
    for (const port of (each.ports ?? []) as string[]) assert.match(port, /^127\.0\.0\.1:/, name);
  }
});

suite('the systemd unit', () => {
  const unit = read('deploy/northgate.service');

  test('takes from the service what it does not need', () => {
    for (const line of [
      ...['NoNewPrivileges=yes', 'CapabilityBoundingSet=', 'AmbientCapabilities=', 'ProtectSystem=strict'],
      ...['ProtectHome=yes', 'PrivateTmp=yes', 'PrivateDevices=yes', 'PrivateUsers=yes', 'DevicePolicy=closed'],
      ...['RestrictNamespaces=yes', 'RestrictSUIDSGID=yes', 'LockPersonality=yes', 'ProtectProc=invisible'],
      ...['SystemCallFilter=@system-service', 'SystemCallFilter=~@privileged', 'SystemCallArchitectures=native'],
      ...['UMask=0077', 'StateDirectoryMode=0750', 'User=northgate'],
    ]) {
      assert.match(unit, new RegExp(`^${line.replace(/[~=@]/g, '\\$&').replaceAll('\\=', '=')}$`, 'm'), line);
    }
  });

  const analysis = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
  const version = Number(/^systemd (\d+)/.exec(analysis.stdout ?? '')?.[1] ?? 0);
  // Offline analysis came with systemd 250.
  test('is judged little exposed by systemd itself', { skip: version < 250 && 'no systemd-analyze 250' }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'northgate-unit-'));
    try {
      const asked = ['security', '--offline=true', '--threshold=20', join(root, 'deploy/northgate.service')];
      const judged = spawnSync('systemd-analyze', asked, { encoding: 'utf8', cwd: folder });
      assert.equal(judged.status, 0, judged.stdout.slice(-400) + judged.stderr);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('what the audit of known vulnerabilities needs is said where it can be reached', () => {
  assert.ok(existsSync(join(root, dirname('SECURITY.md'))));
  assert.match(read('SECURITY.md'), /npm audit --omit=dev --audit-level=high/);
});
