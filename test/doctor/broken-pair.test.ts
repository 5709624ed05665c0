/** Pairs that are broken, each in its own way, and what the doctor calls it: the check, its status, the exit code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Status } from '../../src/cli/doctor/check.ts';
import type { PairOptions } from '../../src/sim/profiles.ts';
import { freePort } from '../support/free-port.ts';
import { type Clinic, openClinic, type Settings } from './consultation.ts';

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');
const expired = { cert: fixture('expired-cert.pem'), key: fixture('expired-key.pem') };

interface Illness {
  readonly says: string;
  readonly pair?: PairOptions;
  /** Breaks it, and gives settings of the gateway that go with that. */
  readonly brought?: (clinic: Clinic) => Settings | Promise<Settings> | Promise<void> | undefined;
  /** What must be found: id, status, and a part of what is said. */
  readonly found: readonly (readonly [id: string, status: Status, says: RegExp])[];
  readonly code: 0 | 1;
}

const illnesses: readonly Illness[] = [
  {
    says: 'nothing listens at the VIP',
    brought: async () => ({ NORTHGATE_ESC_REST_PORT: String(await freePort()) }),
    found: [['vip.rest.tcp', 'fail', /^refused/]],
    code: 1,
  },
  {
    says: 'the VIP is silent, and so was the node that had it',
    brought: ({ pair }) => pair.switchover('dead-vm', { stopAt: 'P0' }),
    found: [
      ['vip.health.report', 'skip', /not reached/],
      ['pair.active', 'fail', /no node is active/],
    ],
    code: 1,
  },
  {
    says: 'a node is active, and the VIP does not lead to it',
    brought: async ({ pair }) => pair.cutPath(),
    found: [
      ['vip.health.tls', 'fail', /silent/],
      ['vip.rest.tls', 'fail', /silent/],
      ['pair.active', 'pass', /127\.0\.0\.11/],
      ['pair.vip', 'fail', /127\.0\.0\.11 is active, and the VIP is silent/],
    ],
    code: 1,
  },
  {
    says: 'the VIP takes connections and says nothing, without TLS',
    pair: { tls: undefined },
    brought: async ({ pair }) => pair.cutPath(),
    found: [
      ['vip.health.report', 'fail', /silent/],
      ['vip.rest.answer', 'fail', /silent/],
      ['pair.vip', 'fail', /the VIP is silent/],
    ],
    code: 1,
  },
  {
    says: 'its certificate expired',
    pair: { tls: expired },
    brought: () => ({ NORTHGATE_ESC_TLS_CA: expired.cert }),
    found: [
      ['vip.rest.tls', 'fail', /expired on 2021-01-01/],
      ['vip.rest.answer', 'skip', /not reached/],
    ],
    code: 1,
  },
  {
    says: 'its certificate is not trusted',
    brought: () => ({ NORTHGATE_ESC_TLS_CA: expired.cert }),
    found: [
      ['vip.rest.tls', 'fail', /not trusted .*self-signed/],
      ['vip.health.tls', 'fail', /not trusted/],
    ],
    code: 1,
  },
  {
    says: 'it refuses the credentials',
    brought: () => ({ NORTHGATE_ESC_PASSWORD: 'wrong' }),
    found: [
      ['vip.rest.answer', 'pass', /401/],
      ['vip.rest.credentials', 'fail', /refused/],
      ['vip.health.report', 'fail', /credentials were refused/],
    ],
    code: 1,
  },
  {
    says: 'no node is in service',
    pair: { profiles: { standbyHealth: '5xxx' } },
    brought: async ({ pair }) => pair.overrideHealth({ statusCode: 5010, stage: undefined }),
    found: [
      ['vip.health.report', 'fail', /5010: ESC_MANAGER is not running/],
      ['node.health.report', 'pass', /not active/],
      ['pair.active', 'fail', /no node is active/],
    ],
    code: 1,
  },
  {
    says: 'it is still starting',
    brought: async ({ pair }) => pair.overrideHealth({ statusCode: 2000, stage: 'INIT' }),
    found: [['vip.health.report', 'warn', /INIT/]],
    code: 1,
  },
  {
    says: 'both nodes are active',
    brought: ({ pair }) => pair.splitBrain(true),
    found: [['pair.active', 'fail', /127\.0\.0\.11 and 127\.0\.0\.12 both .*split brain/]],
    code: 1,
  },
  {
    says: 'the VIP answers, and neither node says that it is active',
    brought: () => ({ NORTHGATE_ESC_NODES: '127.0.0.13,127.0.0.14' }),
    found: [
      ['pair.vip', 'fail', /none of 127\.0\.0\.13 and 127\.0\.0\.14 says/],
      ['pair.active', 'skip', /pair\.vip/],
    ],
    code: 1,
  },
  {
    says: 'the other node is lost',
    brought: async ({ pair }) => pair.overrideHealth({ statusCode: 2010, stage: 'READY' }),
    found: [['vip.health.report', 'warn', /the other node is not reachable/]],
    code: 0,
  },
  {
    says: 'it is in maintenance',
    brought: async ({ pair }) => pair.maintenance(true),
    found: [['vip.rest.answer', 'warn', /503/]],
    code: 0,
  },
  {
    says: 'plain HTTP is spoken where HTTPS is expected',
    pair: { tls: undefined },
    brought: () => ({ NORTHGATE_ESC_REST_SCHEME: 'https' }),
    found: [['vip.rest.tls', 'fail', /no TLS/]],
    code: 1,
  },
  {
    says: 'its name does not resolve',
    brought: () => ({ NORTHGATE_ESC_VIP: 'esc.invalid' }),
    found: [['vip.name', 'fail', /not resolved/]],
    code: 1,
  },
  {
    says: 'it was deployed from user data that say otherwise',
    brought: async ({ directory }) => {
      const path = join(directory, 'esc-config.yaml');
      const drbd = '  drbd:\n    nodes: [127.0.0.11, 127.0.0.16]\n';
      await writeFile(path, `resources:\n${drbd}  keepalived:\n    vip: 127.0.0.15\n`);
      return { NORTHGATE_ESC_USER_DATA: path };
    },
    found: [
      ['user-data.vip', 'warn', /127\.0\.0\.15, which does not answer \(refused\); esc\.vip in use is 127\.0\.0\.10/],
      ['user-data.nodes', 'warn', /127\.0\.0\.16/],
    ],
    code: 0,
  },
];

for (const { says, pair, brought, found, code } of illnesses) {
  test(`a pair of which ${says}`, async () => {
    await using clinic = await openClinic(pair);
    const diagnosis = await clinic.consult((await brought?.(clinic)) ?? {});
    for (const [id, status, text] of found) {
      const checks = diagnosis.of(id);
      const said = checks.map((check) => `${check.status}: ${check.found}`).join('\n');
      assert.ok(
        checks.some((check) => check.status === status && text.test(check.found)),
        `${id} should be ${status} and say ${text}; it said\n${said || 'nothing'}`,
      );
    }
    assert.equal(diagnosis.code, code, diagnosis.ids('fail').join(', '));
  });
}
