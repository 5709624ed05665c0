/**
 * All checks, side by side where one needs nothing of another, told in one order whatever ends first. Nothing is
 * changed anywhere: ESC gets reads, the journal is only looked at.
 */
import type { ConfigReading } from '../../config/reader.ts';
import type { Config } from '../../config/schema.ts';
import { examineCallbacks } from './callbacks.ts';
import { judgeStandbyTrust } from './certificate.ts';
import { type Check, check } from './check.ts';
import { examineConfiguration } from './configuration.ts';
import { examineJournalFile } from './journal-file.ts';
import { examineRedis } from './journal-redis.ts';
import { examineListeners } from './listeners.ts';
import { judgeActive, judgeClock, judgeVip } from './pair.ts';
import { type Examined, examineNode, examineVip, type Seen } from './place.ts';
import { examineUserData } from './user-data.ts';

/** `tell` gets each group of checks as soon as it and those before it are done. */
export async function examine(reading: ConfigReading, tell: (checks: readonly Check[]) => void): Promise<Check[]> {
  const { config } = reading;
  const vip = examineVip(config);
  const nodes = Promise.all(config.esc.nodes.map((host) => examineNode(config, host)));
  const own = examineListeners(config);
  const groups: Promise<readonly Check[]>[] = [
    Promise.resolve(examineConfiguration(reading, Date.now())),
    vip.then(({ checks }) => checks),
    nodes.then((all) => all.flatMap(({ checks }) => checks)),
    Promise.all([vip, nodes]).then(([one, all]) => examineTogether(config, one, all)),
    own.then(({ checks }) => checks),
    Promise.all([vip, own]).then(([{ seen }, { isRunning }]) => examineCallbacks(config, seen, isRunning)),
    own.then(({ isRunning }) => examineJournal(config, isRunning)),
  ];
  const all: Check[] = [];
  for (const group of groups) {
    const checks = await group;
    tell(checks);
    all.push(...checks);
  }
  return all;
}

async function examineTogether(config: Config, vip: Examined, nodes: readonly Examined[]): Promise<Check[]> {
  const seen = nodes.map((node): Seen => node.seen);
  const subject = `VIP ${config.esc.vip}${seen.map(({ host }) => `, ${host}`).join('')}`;
  const { tls, health, rest } = config.esc;
  const fingerprints = [vip.seen, ...seen].flatMap(({ fingerprint }) => fingerprint ?? []);
  const isSecure = health.scheme === 'https' || rest.scheme === 'https';
  const trust = { verify: tls.verify, ...(tls.ca === undefined ? {} : { ca: tls.ca }) };
  return [
    check('pair.active', subject, judgeActive(vip.seen, seen)),
    check('pair.vip', subject, judgeVip(vip.seen, seen)),
    ...(isSecure && fingerprints.length > 0
      ? [check('pair.certificates', subject, judgeStandbyTrust(trust, fingerprints))]
      : []),
    check('pair.clock', subject, judgeClock(vip.seen.skewMs, 'ESC’s')),
    ...(await examineUserData(config, vip.seen, seen)),
  ];
}

function examineJournal(config: Config, isRunning: boolean): Promise<Check[]> {
  const { url } = config.journal;
  return url.kind === 'sqlite' ? examineJournalFile(config, url.path, isRunning) : examineRedis(config, url);
}
