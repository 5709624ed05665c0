// A table of wrong configurations, part one: YAML and single values. What is written, and the lines that a person gets to read.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ConfigFolder } from './reading.ts';

const folder = new ConfigFolder();
after(() => folder[Symbol.dispose]());

type Wrong = { yaml?: string; environment?: Record<string, string>; says: string[] };
const vip = 'esc: {vip: esc-vip}\n';
const durations = 'such as 500ms, 10s, 5m, 6h or 7d';

const syntax: Record<string, Wrong> = {
  'a key twice': {
    yaml: 'log:\n  level: info\n  level: debug',
    says: ['northgate.yaml: found the same key twice in one map (northgate.yaml line 3), expected each key once'],
  },
  'a tab': {
    yaml: 'esc:\n\tvip: a',
    says: ['northgate.yaml: found a tab in the indentation (northgate.yaml line 2), expected spaces'],
  },
  'an open bracket': {
    yaml: 'esc: {vip: a',
    says: [
      'northgate.yaml: found a bracket that is not closed or wrongly indented (northgate.yaml line 1), expected lists and maps closed and indented evenly',
    ],
  },
  'two documents': {
    yaml: '---\nesc: {vip: a}\n---\nesc: {vip: b}',
    says: ['northgate.yaml: found a second document (---) (northgate.yaml line 3), expected one document'],
  },
  'a list at the top': { yaml: '- esc', says: ['northgate.yaml: found a list, expected a map of configuration keys'] },
  'a word at the top': {
    yaml: 'hello',
    says: ['northgate.yaml: found a single value, expected a map of configuration keys'],
  },
  'an alias to nothing': {
    yaml: 'esc:\n  vip: a\n  username: *joe',
    says: [
      'northgate.yaml: found an alias (*) that names no anchor (northgate.yaml line 3), expected quotes around text that begins with *',
    ],
  },
  'an alias to itself': {
    yaml: 'esc:\n  vip: a\n  nodes: &x [*x]',
    says: [
      'northgate.yaml: found too much: nested too deep, or too many aliases (northgate.yaml line 3), expected a plain map',
    ],
  },
  'a merge key': {
    yaml: 'esc:\n  vip: a\n  <<: {username: joe}',
    says: [
      'northgate.yaml: found a merge key (<<) (northgate.yaml line 3), expected the keys written out; anchors and aliases of values are read',
    ],
  },
  'a key that is no text': {
    yaml: 'esc:\n  vip: a\n  8: 9',
    says: [
      'northgate.yaml: found a key that is not text (northgate.yaml line 3), expected the name of a configuration key',
    ],
  },
  'a tag': {
    yaml: 'esc: {vip: !secret a}',
    says: [
      'northgate.yaml: found an unknown tag (!) (northgate.yaml line 1), expected quotes around text that begins with !',
    ],
  },
  'a reserved character': {
    yaml: 'esc: {vip: a, username: @joe}',
    says: [
      'northgate.yaml: found a value that begins with @ or a backtick (northgate.yaml line 1), expected quotes around it',
    ],
  },
};

const values: Record<string, Wrong> = {
  'an empty file': {
    yaml: '',
    says: ['esc.vip: found nothing, expected an IP address or a host name, without a port'],
  },
  'a port that is no number': {
    yaml: vip,
    environment: { NORTHGATE_ESC_REST_PORT: 'abc' },
    says: ['esc.rest.port: found "abc" (environment NORTHGATE_ESC_REST_PORT), expected an integer from 1 to 65535'],
  },
  'a port in quotes': {
    yaml: 'esc:\n  vip: a\n  rest: {port: "8443"}',
    says: ['esc.rest.port: found "8443", which is text (northgate.yaml line 3), expected an integer from 1 to 65535'],
  },
  'a port out of range': {
    yaml: `${vip}ops: {port: 65536}`,
    says: ['ops.port: found 65536 (northgate.yaml line 2), expected an integer from 0 to 65535'],
  },
  'a fraction': {
    yaml: `${vip}replay: {concurrency: 1.5}`,
    says: ['replay.concurrency: found 1.5 (northgate.yaml line 2), expected an integer from 1 to 1000'],
  },
  'a rise of zero': {
    yaml: 'esc: {vip: a, health: {rise: 0, fall: -1}}',
    says: [
      'esc.health.rise: found 0 (northgate.yaml line 1), expected an integer from 1 to 1000',
      'esc.health.fall: found -1 (northgate.yaml line 1), expected an integer from 1 to 1000',
    ],
  },
  'on for true': {
    yaml: 'esc: {vip: a, tls: {verify: off}}',
    says: ['esc.tls.verify: found "off", which is text (northgate.yaml line 1), expected true or false'],
  },
  'a duration without unit': {
    yaml: `${vip}hold: {timeout: 360}`,
    says: [
      `hold.timeout: found 360 without a unit (northgate.yaml line 2), expected a duration above zero, at most 24d, ${durations}`,
    ],
  },
  'a combined duration': {
    yaml: `${vip}hold: {timeout: 1h30m}`,
    says: [
      `hold.timeout: found "1h30m" (northgate.yaml line 2), expected a duration above zero, at most 24d, ${durations}`,
    ],
  },
  'a duration of zero': {
    yaml: 'esc: {vip: a, timeouts: {connect: 0s}}',
    says: [
      `esc.timeouts.connect: found "0s" (northgate.yaml line 1), expected a duration above zero, at most 24d, ${durations}`,
    ],
  },
  'a duration no timer can wait': {
    yaml: `${vip}hold: {timeout: 25d}`,
    says: [
      `hold.timeout: found "25d" (northgate.yaml line 2), expected a duration above zero, at most 24d, ${durations}`,
    ],
  },
  'a decimal size': {
    yaml: `${vip}limits: {bodyBytes: 1MB}`,
    says: [
      'limits.bodyBytes: found "1MB" (northgate.yaml line 2), expected a size above zero of at most 1GiB, in B, KiB, MiB or GiB, such as 512KiB or 1MiB',
    ],
  },
  'an unknown word': {
    yaml: `${vip}hold: {onDisconnect: drop}`,
    says: ['hold.onDisconnect: found "drop" (northgate.yaml line 2), expected keep or cancel'],
  },
  'a list for a map': {
    yaml: 'esc:\n- vip: a',
    says: [
      'esc: found a list (northgate.yaml line 1), expected a map of keys',
      'esc.vip: found nothing (northgate.yaml line 1), expected an IP address or a host name, without a port',
    ],
  },
  'a map for a value': {
    yaml: 'esc: {vip: {a: b}}',
    says: ['esc.vip: found a map (northgate.yaml line 1), expected an IP address or a host name, without a port'],
  },
  'a word for a list': {
    yaml: 'esc: {vip: a, nodes: b}',
    says: [
      'esc.nodes: found "b" (northgate.yaml line 1), expected a list of at most 2 IP addresses or host names, without ports',
    ],
  },
  'three nodes': {
    yaml: 'esc: {vip: a, nodes: [b, c, d]}',
    says: [
      'esc.nodes: found 3 items (northgate.yaml line 1), expected a list of at most 2 IP addresses or host names, without ports',
    ],
  },
  'a key without value': {
    yaml: 'esc:\n  vip:',
    says: ['esc.vip: found nothing (northgate.yaml line 2), expected an IP address or a host name, without a port'],
  },
  'a VIP with a port': {
    yaml: 'esc: {vip: "10.0.0.1:8443"}',
    says: [
      'esc.vip: found "10.0.0.1:8443" (northgate.yaml line 1), expected an IP address or a host name, without a port',
    ],
  },
  'a password that is a number': {
    yaml: 'esc: {vip: a, username: u, password: 0123}',
    says: [
      'esc.password: found a value that is not shown, a number; quotes make it text (northgate.yaml line 1), expected text',
    ],
  },
  'a URL of another scheme': {
    yaml: `${vip}tracing: {endpoint: "grpc://joe:pw@o:1/?t=1"}`,
    says: [
      'tracing.endpoint: found "grpc://***@o:1/?***" (northgate.yaml line 2), expected a URL that begins with http:// or https://',
    ],
  },
  'a wrong CIDR block': {
    yaml: `${vip}callbacks: {allow: [nfvo, 10.0.0.0/33]}`,
    says: [
      'callbacks.allow: found "10.0.0.0/33" as item 2 (northgate.yaml line 2), expected a list of host names, IP addresses or CIDR blocks such as 10.0.0.0/8',
    ],
  },
  'a journal key too short': {
    yaml: `${vip}journal: {key: c2hvcnQ=}`,
    says: [
      'journal.key: found a value that is not shown (northgate.yaml line 2), expected 32 bytes in base64 (44 characters)',
    ],
  },
  'a wrong old key': {
    yaml: `${vip}journal: {oldKeys: [c2hvcnQ=]}`,
    says: [
      'journal.oldKeys: found a value that is not shown as item 1 (northgate.yaml line 2), expected a list of keys, each 32 bytes in base64 (44 characters)',
    ],
  },
  'replicas without number': {
    yaml: `${vip}journal: {durability: replicated}`,
    says: [
      'journal.durability: found "replicated" (northgate.yaml line 2), expected always, everysec or replicated:N with N from 1 to 99',
    ],
  },
  'a wrong journal URL': {
    yaml: `${vip}journal: {url: "redis:/:hunter2@r"}`,
    says: [
      'journal.url: found "redis:…" (northgate.yaml line 2), expected sqlite:PATH, redis://HOST, rediss://HOST, redis+sentinel://HOST,HOST/NAME or redis+cluster://HOST,HOST, or with rediss+ for TLS (a special character of a password as %XX)',
    ],
  },
};

for (const [name, { yaml, environment, says }] of Object.entries({ ...syntax, ...values })) {
  test(`a configuration with ${name} is refused in plain words`, () => {
    const lines = folder.problems(yaml, environment);
    // A file that is no YAML has no keys either; what is missing then is not the point.
    assert.deepEqual(name in syntax ? lines.slice(0, 1) : lines, says);
  });
}
