// What no single key can tell: rules between keys. Each check names the keys it reads, and is left out if one of them is
// wrong already, so that one mistake is told once. Faults end the start; warnings do not.

import { checkAuthorities } from './authority-checks.ts';
import { isLoopback } from './hosts.ts';
import { checkAccess, checkDurability } from './journal-checks.ts';
import { checkListeners, checkTls } from './listener-checks.ts';
import { checkPolicies } from './policy-checks.ts';
import type { ConfigProblem, Fault } from './problem.ts';
import type { Config } from './schema.ts';

type Check = { readonly reads: readonly string[]; readonly faults: (config: Config) => readonly Fault[] };

const checks: readonly Check[] = [
  { reads: ['esc.etsi.enabled'], faults: checkEtsi },
  { reads: ['esc.vip', 'esc.nodes', 'esc.userData'], faults: checkNodes },
  { reads: ['esc.username', 'esc.password', 'northbound.clients'], faults: checkAccount },
  { reads: ['esc.health.path'], faults: checkHealthPath },
  { reads: ['northbound.clients', 'northbound.tls'], faults: checkClients },
  { reads: ['ops.tokens'], faults: checkTokens },
  { reads: ['journal.url', 'journal.key', 'journal.plaintext'], faults: checkJournalKey },
  { reads: ['journal.url', 'journal.durability', 'journal.allowWeaker'], faults: checkDurability },
  { reads: ['journal.url', 'journal.tls', 'journal.sentinel'], faults: checkAccess },
  { reads: ['journal.name'], faults: checkJournalName },
  { reads: ['callbacks.publicUrl'], faults: checkPublicUrl },
  { reads: ['callbacks.publicUrl', 'journal'], faults: checkTokenKey },
  { reads: ['policies'], faults: checkPolicies },
  { reads: ['northbound', 'ops', 'callbacks'], faults: checkListeners },
  { reads: ['northbound.tls', 'ops.tls'], faults: checkTls },
  { reads: ['northbound.tls', 'ops.tls', 'esc.tls', 'journal.tls'], faults: checkAuthorities },
];

/** All faults between keys. `config` may lack what `problems` already names; checks on that are left out. */
export function crossCheck(config: Config, problems: readonly ConfigProblem[]): Fault[] {
  const touches = (key: string, read: string) =>
    key === read || key.startsWith(`${read}.`) || key.startsWith(`${read}[`) || key === `${read}File`;
  return checks
    .filter(({ reads }) => !problems.some(({ key }) => reads.some((read) => touches(key, read) || touches(read, key))))
    .flatMap(({ faults }) => faults(config));
}

/** What works but should be known. Only for a configuration without faults. */
export function warningsOf(config: Config): string[] {
  const { esc, journal, hold, limits, ops } = config;
  const isManyHosts = journal.url.kind === 'redis-sentinel' || journal.url.kind === 'redis-cluster';
  const found: readonly (readonly [boolean, string])[] = [
    [
      ops.allowPlaintext && ops.tls.cert === undefined && !isLoopback(ops.host),
      'ops.allowPlaintext: true; operators’ tokens cross the network in the clear',
    ],
    [!esc.tls.verify, 'esc.tls.verify: false; whoever holds the VIP’s address is believed to be ESC'],
    [esc.nodes.length === 1, 'esc.nodes: one address only; a switchover without a failed probe may go unnoticed'],
    [
      isManyHosts && journal.durability.kind !== 'replicated',
      'journal.durability: over Sentinel or Cluster only replicated:N survives a fail-over of Redis',
    ],
    [journal.allowWeaker, 'journal.allowWeaker: true; the journal may promise less than journal.durability'],
    [journal.plaintext && journal.key !== undefined, 'journal.plaintext: true has no effect beside journal.key'],
    [
      hold.maxBytes < limits.bodyBytes,
      'hold.maxBytes: smaller than limits.bodyBytes; the largest request cannot be held',
    ],
  ];
  return found.filter(([holds]) => holds).map(([, sentence]) => sentence);
}

/** The tokens in callback URLs are keyed with the journal's key; a file beside an embedded journal always has one. */
function checkTokenKey({ callbacks, journal }: Config): Fault[] {
  if (callbacks.publicUrl === undefined || journal.url.kind === 'sqlite' || journal.key !== undefined) return [];
  return [
    {
      key: 'journal.key',
      found: 'nothing',
      expected: '32 bytes in base64: callbacks.publicUrl needs tokens that nobody can guess',
    },
  ];
}

function checkEtsi({ esc }: Config): Fault[] {
  if (!esc.etsi.enabled) return [];
  return [{ key: 'esc.etsi.enabled', found: 'true', expected: 'false: the ETSI northbound is not built yet' }];
}

function checkNodes({ esc }: Config): Fault[] {
  const key = 'esc.nodes';
  const faults: Fault[] = [];
  if (new Set(esc.nodes).size < esc.nodes.length)
    faults.push({ key, found: `${esc.nodes[0]} twice`, expected: 'two different addresses' });
  if (esc.nodes.includes(esc.vip))
    faults.push({ key, found: `the VIP ${esc.vip}`, expected: 'the nodes’ own addresses' });
  return faults;
}

function checkAccount({ esc, northbound }: Config): Fault[] {
  const { username, password } = esc;
  const faults: Fault[] = [];
  if (northbound.clients.length > 0 && username === undefined && password === undefined) {
    faults.push({
      key: 'esc.username',
      found: 'nothing beside northbound.clients',
      expected: 'the ESC account that replaces the clients’ credentials',
    });
  }
  if (username !== undefined && password === undefined) {
    faults.push({
      key: 'esc.password',
      found: 'nothing beside esc.username',
      expected: 'its password, here or as esc.passwordFile',
    });
  }
  if (username === undefined && password !== undefined) {
    faults.push({ key: 'esc.username', found: 'nothing beside esc.password', expected: 'its user name' });
  }
  if (username?.includes(':'))
    faults.push({ key: 'esc.username', found: 'a colon', expected: 'a name that HTTP Basic can carry' });
  return faults;
}

function checkHealthPath({ esc }: Config): Fault[] {
  if (/^\/[\x21-\x7e]*$/.test(esc.health.path)) return [];
  return [{ key: 'esc.health.path', found: JSON.stringify(esc.health.path), expected: 'a path that begins with /' }];
}

function checkClients({ northbound }: Config): Fault[] {
  const names = northbound.clients.map(({ name }) => name);
  return northbound.clients.flatMap((client, index) => {
    const key = `northbound.clients[${index}]`;
    const proofs = [client.password, client.passwordHash, client.tokenSha256, client.certificateSubject].filter(
      (proof) => proof !== undefined,
    );
    const faults: Fault[] = [];
    if (proofs.length !== 1) {
      faults.push({
        key,
        found: `${proofs.length} ways to prove who it is`,
        expected: 'one of password, passwordHash, tokenSha256 and certificateSubject',
      });
    }
    if (names.indexOf(client.name) < index)
      faults.push({ key: `${key}.name`, found: `${JSON.stringify(client.name)} again`, expected: 'each name once' });
    if ((client.password ?? client.passwordHash) !== undefined && client.name.includes(':')) {
      faults.push({ key: `${key}.name`, found: 'a colon', expected: 'a name that HTTP Basic can carry' });
    }
    if (client.certificateSubject !== undefined && northbound.tls.clientCa === undefined) {
      faults.push({
        key: `${key}.certificateSubject`,
        found: 'no northbound.tls.clientCa',
        expected: 'mutual TLS where clients prove themselves by certificate',
      });
    }
    return faults;
  });
}

function checkTokens({ ops }: Config): Fault[] {
  const names = ops.tokens.map(({ name }) => name);
  const digests = ops.tokens.map(({ sha256 }) => sha256.toLowerCase());
  return ops.tokens.flatMap(({ name }, index) => {
    const key = `ops.tokens[${index}]`;
    const faults: Fault[] = [];
    if (names.indexOf(name) < index)
      faults.push({ key: `${key}.name`, found: `${JSON.stringify(name)} again`, expected: 'each name once' });
    if (digests.indexOf(digests[index] ?? '') < index)
      faults.push({ key: `${key}.sha256`, found: 'a digest again', expected: 'each token once' });
    return faults;
  });
}

function checkJournalKey({ journal }: Config): Fault[] {
  if (journal.url.kind === 'sqlite' || journal.key !== undefined || journal.plaintext) return [];
  return [
    {
      key: 'journal.key',
      found: 'nothing beside a Redis journal',
      expected: '32 bytes in base64, or journal.plaintext: true',
    },
  ];
}

function checkJournalName({ journal }: Config): Fault[] {
  // The name stands inside a Redis hash tag, {northgate:NAME}, which a brace would end (R33).
  if (/^[\w.-]{1,64}$/.test(journal.name)) return [];
  return [
    {
      key: 'journal.name',
      found: JSON.stringify(journal.name),
      expected: '1 to 64 letters, digits, dots, dashes or underscores',
    },
  ];
}

function checkPublicUrl({ callbacks }: Config): Fault[] {
  if (callbacks.publicUrl === undefined) return [];
  const { username, search, hash } = new URL(callbacks.publicUrl);
  if (username === '' && search === '' && hash === '') return [];
  return [
    {
      key: 'callbacks.publicUrl',
      found: 'a user name, a query or a fragment',
      expected: 'a plain URL; the gateway adds its own path',
    },
  ];
}
