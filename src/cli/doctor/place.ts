/**
 * One place of the pair from the outside in: name, route, and for each port TCP, TLS, answer. A step that fails leaves
 * out those behind it, which could only repeat it. Credentials are sent only where the step before found trust.
 */
import type { Config } from '../../config/schema.ts';
import { answerMaxMs, connectMaxMs } from './bounded.ts';
import { judgeGreeting, type Trust } from './certificate.ts';
import { at, type Check, check, skip, type Verdict } from './check.ts';
import { judgeNodeConnection, judgeVipConnection, type Reached, reach } from './connection.ts';
import { type Health, healthOf, judgeNodeHealth, judgeVipHealth } from './health.ts';
import { addressesOf, findRoute, judgeName, judgeRoute, resolveName } from './names.ts';
import { type Answer, ask, greet, type Peer } from './questions.ts';
import { judgeCredentials, judgeRest, restPath } from './rest.ts';

/** What the checks that follow need to know of a place. */
export interface Seen {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly health: Health;
  /** SHA-256 of the certificate at its health port; null without one. */
  readonly fingerprint: string | null;
  readonly skewMs: number | null;
}

export interface Examined {
  readonly checks: readonly Check[];
  readonly seen: Seen;
}

/** The VIP, by all its ports. */
export async function examineVip(config: Config): Promise<Examined> {
  const { vip, rest, health, timeouts } = config.esc;
  const way = await examineWay('vip', `VIP ${vip}`, vip, 'esc.vip');
  if (way.addresses.length === 0) return { checks: way.checks, seen: unseen(vip, []) };
  const [ofRest, ofHealth] = await Promise.all([
    examinePort(config, {
      id: 'vip.rest',
      subject: `VIP ${at(vip, rest.port)}`,
      host: vip,
      ...rest,
      key: 'esc.rest',
      path: restPath,
      waitMs: Math.min(timeouts.responseMs, answerMaxMs),
      judgeConnection: (reached) => judgeVipConnection(reached, 'REST'),
    }),
    examinePort(config, { ...healthPort(config, vip, 'vip'), judgeConnection: toVipHealth }),
  ]);
  const checks = [
    ...way.checks,
    ...ofRest.checks,
    ...answerChecks(ofRest.answer, [
      ['vip.rest.answer', judgeRest],
      ['vip.rest.credentials', (answer) => judgeCredentials(answer, accountOf(config) !== null)],
    ]).map((verdict) => ({ ...verdict, subject: `VIP ${at(vip, rest.port)}` })),
    ...ofHealth.checks,
    ...answerChecks(ofHealth.answer, [['vip.health.report', judgeVipHealth]]).map((verdict) => ({
      ...verdict,
      subject: `VIP ${at(vip, health.port)}`,
    })),
  ];
  const seen = seenOf(vip, way.addresses, ofHealth);
  return { checks, seen: { ...seen, skewMs: seen.skewMs ?? skewOf(ofRest.answer) } };
}

/** A node, by its health port alone: traffic goes to the VIP only. */
export async function examineNode(config: Config, host: string): Promise<Examined> {
  const way = await examineWay('node', `node ${host}`, host, 'esc.nodes');
  if (way.addresses.length === 0) return { checks: way.checks, seen: unseen(host, []) };
  const port = healthPort(config, host, 'node');
  const found = await examinePort(config, { ...port, judgeConnection: judgeNodeConnection });
  const report = answerChecks(found.answer, [['node.health.report', judgeNodeHealth]]);
  return {
    checks: [...way.checks, ...found.checks, ...report.map((verdict) => ({ ...verdict, subject: port.subject }))],
    seen: seenOf(host, way.addresses, found),
  };
}

const toVipHealth = (reached: Reached): Verdict => judgeVipConnection(reached, 'the health monitor');

const unseen = (host: string, addresses: readonly string[]): Seen => ({
  host,
  addresses,
  health: 'unknown',
  fingerprint: null,
  skewMs: null,
});

function seenOf(host: string, addresses: readonly string[], { answer, unasked, fingerprint }: PortFound): Seen {
  return {
    host,
    addresses,
    health: answer === null ? unasked : healthOf(answer),
    fingerprint,
    skewMs: skewOf(answer),
  };
}

const skewOf = (answer: Answer | null): number | null => (answer?.kind === 'answered' ? answer.skewMs : null);

async function examineWay(id: string, subject: string, host: string, key: string) {
  const named = await resolveName(host);
  const addresses = addressesOf(host, named);
  const routes = await Promise.all(addresses.map(findRoute));
  const checks = [
    check(`${id}.name`, subject, judgeName(named, key)),
    ...routes.map((route) => check(`${id}.route`, subject, judgeRoute(route))),
  ];
  return { checks, addresses };
}

interface PortQuestion {
  readonly id: string;
  readonly subject: string;
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** The section of the configuration that it stands in. */
  readonly key: string;
  readonly path: string;
  readonly waitMs: number;
  readonly judgeConnection: (reached: Reached) => Verdict;
}

function healthPort({ esc }: Config, host: string, id: 'vip' | 'node'): Omit<PortQuestion, 'judgeConnection'> {
  const { scheme, port, path, timeoutMs } = esc.health;
  const subject = `${id === 'vip' ? 'VIP' : 'node'} ${at(host, port)}`;
  return {
    id: `${id}.health`,
    subject,
    host,
    port,
    scheme,
    path,
    key: 'esc.health',
    waitMs: Math.min(timeoutMs, answerMaxMs),
  };
}

interface PortFound {
  readonly checks: readonly Check[];
  readonly fingerprint: string | null;
  /** Null if it was not asked; then `unasked` is what is known all the same. */
  readonly answer: Answer | null;
  readonly unasked: Health;
}

async function examinePort({ esc }: Config, question: PortQuestion): Promise<PortFound> {
  const { id, subject, host, port, scheme, key } = question;
  const waitMs = Math.min(esc.timeouts.connectMs, connectMaxMs);
  const reached = await reach(host, port, waitMs);
  const checks = [check(`${id}.tcp`, subject, question.judgeConnection(reached))];
  if (reached.kind !== 'connected') {
    const unasked = reached.kind === 'refused' ? 'refused' : 'silent';
    return { checks, fingerprint: null, answer: null, unasked };
  }
  const trust: Trust = { verify: esc.tls.verify, ...(esc.tls.ca === undefined ? {} : { ca: esc.tls.ca }) };
  const peer: Peer = { host, port, trust: scheme === 'http' ? null : trust };
  let fingerprint: string | null = null;
  if (peer.trust !== null) {
    const greeting = await greet(peer, waitMs);
    const verdict = judgeGreeting(greeting, trust, { key, peer: at(host, port), now: Date.now() });
    checks.push(check(`${id}.tls`, subject, verdict));
    fingerprint = greeting.kind === 'greeted' ? greeting.certificate.fingerprint : null;
    if (verdict.status === 'fail') {
      return { checks, fingerprint, answer: null, unasked: greeting.kind === 'silent' ? 'silent' : 'unknown' };
    }
  }
  const authorization = accountOf({ esc });
  const answer = await ask(peer, { path: question.path, waitMs: question.waitMs, authorization });
  return { checks, fingerprint, answer, unasked: 'unknown' };
}

/** The `Authorization` of the gateway's own account; null without one. */
function accountOf({ esc: { username, password } }: Pick<Config, 'esc'>): string | null {
  if (username === undefined) return null;
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}

type Judgement = readonly [id: string, judge: (answer: Answer) => Verdict];

/** Checks without their subject, of an answer or of there having been no question. */
function answerChecks(answer: Answer | null, judgements: readonly Judgement[]): Omit<Check, 'subject'>[] {
  return judgements.map(([id, judge]) => ({ id, ...(answer === null ? skip('not reached') : judge(answer)) }));
}
