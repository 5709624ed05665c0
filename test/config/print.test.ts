import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { printConfig } from '../../src/config/print.ts';
import { readConfig, refusalText } from '../../src/config/reader.ts';
import { ConfigFolder } from './reading.ts';

const folder = new ConfigFolder();
after(() => folder[Symbol.dispose]());

test('the print tells every value and where it came from', () => {
  const yaml = 'esc:\n  vip: 10.0.0.1\nhold: {maxBytes: 1GiB}';
  const printed = printConfig(folder.accepted(yaml, { NORTHGATE_OPS_PORT: '9999' })).split('\n');
  assert.ok(printed.includes(`  vip: 10.0.0.1 # file ${folder.path}/northgate.yaml, line 2`));
  assert.ok(printed.includes('  port: 9999 # environment NORTHGATE_OPS_PORT'));
  assert.ok(printed.includes('  timeout: 6m # default'));
  assert.ok(printed.includes('  # requestsPerSecond: no limit'));
});

test('the print names the keys that are set and change nothing yet', () => {
  const printed = printConfig(folder.accepted('esc: {vip: a, etsi: {port: 8252}}\nlimits: {requestsPerSecond: 5}'));
  assert.match(printed, /# Set, but without effect yet:\n# {3}esc\.etsi\.port\n$/);
  assert.match(printConfig(folder.accepted('esc: {vip: a}')), /# No key that is set is without effect\.\n$/);
});

test('what was printed can be read again and is the same configuration', () => {
  const yaml = `esc: {vip: a, nodes: [b, c], username: "u # x", passwordFile: ${folder.write('p', 'p')}}
policies: [{method: PUT, path: "/a/{b}", lane: "l/{b}", completeWithin: 5m}]
callbacks: {allow: [10.0.0.0/8, nfvo]}
journal: {url: "sqlite:./a@b.db"}
log: {pretty: false}`;
  const { config, settings } = folder.accepted(yaml);
  assert.deepEqual(folder.accepted(printConfig({ settings })).config, config);
});

const secretKeys = {
  NORTHGATE_ESC_PASSWORD: (secret: string) => secret,
  NORTHGATE_NORTHBOUND_TLS_KEY: (secret: string) => secret,
  NORTHGATE_OPS_TLS_KEY: (secret: string) => `-----BEGIN PRIVATE KEY-----\n${secret}`,
  NORTHGATE_JOURNAL_KEY: (secret: string) => secret,
  NORTHGATE_JOURNAL_OLD_KEYS: (secret: string) => `x,${secret}`,
  NORTHGATE_JOURNAL_URL: (secret: string) => `redis://u:${secret}@r`,
  NORTHGATE_CALLBACKS_PUBLIC_URL: (secret: string) => `http://u:${secret}@r`,
  NORTHGATE_TRACING_ENDPOINT: (secret: string) => `http://u:${secret}@r/?token=${secret}`,
  NORTHGATE_NORTHBOUND_CLIENTS: (secret: string) =>
    JSON.stringify([
      { name: 'n', password: secret },
      { name: 'm', tokenSha256: secret },
    ]),
  NORTHGATE_OPS_TOKENS: (secret: string) => `${secret}${JSON.stringify([{ sha256: secret }])}`,
};
/** Every secret has this in it, whatever else it is made of. */
const MARK = 'hunter2';
const secrets = fc
  .tuple(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }))
  .map(([before, after]) => `${before}${MARK}${after}`);

test('no secret is ever in a message, a warning or the print, be the configuration right or wrong', () => {
  let printed = 0;
  const chosen = fc.subarray(Object.keys(secretKeys) as (keyof typeof secretKeys)[], { minLength: 1 });
  fc.assert(
    fc.property(secrets, chosen, (secret, names) => {
      const given = Object.fromEntries(names.map((name) => [name, secretKeys[name](secret)]));
      const environment = {
        NORTHGATE_ESC_VIP: 'a',
        NORTHGATE_ESC_USERNAME: 'u',
        NORTHGATE_ESC_PASSWORD: secret,
        NORTHGATE_JOURNAL_PLAINTEXT: 'true',
        ...given,
      };
      const reading = readConfig({ environment });
      if (!('errors' in reading)) printed += 1;
      const text = 'errors' in reading ? refusalText(reading) : printConfig(reading);
      assert.ok(!`${text}${reading.warnings.join()}`.includes(MARK), text);
    }),
    { numRuns: 500 },
  );
  assert.ok(printed > 0, 'some of the configurations were right');
});

test('no secret of a file is in a message, however the YAML around it is broken', () => {
  const fields = fc.constantFrom(
    'password',
    'passwrd',
    'passwordFile: x\n  password',
    '<<',
    'nodes',
    'tls',
    '"password',
    '{password',
    '\tpassword',
  );
  fc.assert(
    fc.property(fields, fc.constantFrom('', '*', '&', '!', '@', '"', "'", '[', '{', '|', ': ', '- '), (field, sign) => {
      const reading = folder.read(`esc:\n  vip: a\n  username: u\n  ${field}: ${sign}${MARK}\n`);
      if (field === 'nodes' || !('errors' in reading)) return;
      assert.ok(!refusalText(reading).includes(MARK), refusalText(reading));
    }),
  );
});
