import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { combineUserData, parseUserData } from '../../src/esc/user-data.ts';

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const parsed = (name: string) => parseUserData(name, fixture(name));
const pairIs = { vip: '172.16.2.0', nodes: ['172.16.0.0', '172.16.1.0'], problems: [] };

for (const name of ['user-data-1.yaml', 'user-data-2.yaml', 'esc-config.yaml']) {
  test(`VIP and nodes are read out of ${name}, as printed in the HA chapter`, () => {
    const { vip, nodes, problems } = parsed(name);
    assert.deepEqual({ vip, nodes, problems }, pairIs);
  });

  test(`the order of services is read out of ${name}, also where a section fell out of its block`, () => {
    const { services } = parsed(name);
    assert.deepEqual(
      [...services.keys()].sort(),
      'drbd esc_service escmanager etsi filesystem keepalived portal snmp'.split(' '),
    );
    assert.deepEqual(services.get('filesystem')?.dependsOn, [{ service: 'drbd', state: 'active' }]);
    assert.deepEqual(
      services.get('escmanager')?.dependsOn.map(({ service }) => service),
      ['pgsq1', 'mona', 'vimmanager'],
    );
    assert.deepEqual(services.get('portal'), { dependsOn: [{ service: 'escmanager' }], startup: false });
    assert.equal(services.get('escmanager')?.startup, true);
  });
}

test('the two files of one pair agree, in whatever order they name the nodes', () => {
  const second = { ...parsed('user-data-2.yaml'), nodes: ['172.16.1.0', '172.16.0.0'] };
  assert.deepEqual(combineUserData([parsed('user-data-1.yaml'), second]), pairIs);
});

test('two files that disagree are both named', () => {
  const other = parseUserData(
    'other.yaml',
    'resources: {keepalived: {vip: 10.0.0.9}, drbd: {nodes: [10.0.0.1, 10.0.0.2]}}',
  );
  assert.deepEqual(combineUserData([parsed('user-data-1.yaml'), other]), {
    nodes: [],
    problems: [
      'keepalived.vip is 172.16.2.0 in user-data-1.yaml but 10.0.0.9 in other.yaml',
      'drbd.nodes is 172.16.0.0, 172.16.1.0 in user-data-1.yaml but 10.0.0.1, 10.0.0.2 in other.yaml',
    ],
  });
});

const vips: Record<string, string> = {
  '10.0.0.9:eth0': '10.0.0.9',
  "'[2001:db8::9]:eth0'": '2001:db8::9',
  '2001:db8::9': '2001:db8::9',
  '10.0.0.9/24': '10.0.0.9',
};
for (const [written, vip] of Object.entries(vips)) {
  test(`a VIP may be written as ${written}`, () => {
    assert.equal(parseUserData('f', `resources:\n  keepalived:\n    vip: ${written}\n`).vip, vip);
  });
}

const wrong: Record<string, { text: string; problems: string[] }> = {
  'an empty file': { text: '', problems: ['no keepalived.vip in f', 'no drbd.nodes in f'] },
  'a file of something else': { text: 'hello: there', problems: ['no keepalived.vip in f', 'no drbd.nodes in f'] },
  'a VIP without nodes': { text: 'keepalived: {vip: 10.0.0.9}', problems: ['no drbd.nodes in f'] },
  'two different VIPs': {
    text: 'keepalived: {vip: 10.0.0.9}\nresources: {keepalived: {vip: 10.0.0.8}, drbd: {nodes: [10.0.0.1]}}',
    problems: ['keepalived.vip is both 10.0.0.9 and 10.0.0.8 in f'],
  },
  'a VIP that is no address': {
    text: 'resources: {keepalived: {vip: $VIP}, drbd: {nodes: [10.0.0.1]}}',
    problems: ['keepalived.vip in f is no address: $VIP'],
  },
  'three nodes': {
    text: 'keepalived: {vip: 10.0.0.9}\ndrbd: {nodes: [10.0.0.1, 10.0.0.2, 10.0.0.3]}',
    problems: ['drbd.nodes in f is not at most two addresses: 10.0.0.1 10.0.0.2 10.0.0.3'],
  },
  'YAML that breaks off': {
    text: 'resources:\n  keepalived:\n\tvip: 1',
    problems: ['no keepalived.vip in f', 'no drbd.nodes in f', 'f is not sound YAML at line 3'],
  },
};
for (const [name, { text, problems }] of Object.entries(wrong)) {
  test(`user data with ${name} says what is missing`, () => {
    assert.deepEqual(parseUserData('f', text).problems, problems);
  });
}

test('an esc-config.yaml in base64 is read like any other', () => {
  const content = Buffer.from(fixture('esc-config.yaml')).toString('base64');
  const text = `#cloud-config\nwrite_files:\n- path: /opt/cisco/esc/esc-config/esc-config.yaml\n  encoding: b64\n  content: ${content}\n`;
  assert.equal(parseUserData('f', text).vip, '172.16.2.0');
});

test('whatever the text, it is read without an exception', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...' \t\n:-[]{}"\'&*!|>#%@a1.,?keepalived') }),
      (text) => void parseUserData('f', text),
    ),
  );
});

test('however the sections are indented, the VIP is found where its name is', () => {
  const indents = fc.constantFrom(0, 2, 4, 6, 8);
  fc.assert(
    fc.property(indents, (indent) => {
      const cut = fixture('user-data-2.yaml').split('\n');
      const at = cut.findIndex((line) => line.trim() === 'keepalived:');
      const rest = cut
        .slice(at)
        .map((line) => (line.startsWith('        ') ? ' '.repeat(indent) + line.slice(8) : line));
      assert.equal(parseUserData('f', [...cut.slice(0, at), ...rest].join('\n')).vip, '172.16.2.0');
    }),
  );
});
