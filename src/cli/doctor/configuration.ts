/**
 * What can be said of the configuration before anything is asked: its warnings, what has no effect yet, what it leaves
 * to chance. Pure but for the clock. A configuration with errors never comes here: it ends the doctor with 2.
 */
import { X509Certificate } from 'node:crypto';
import { notYetEffective } from '../../config/not-yet-effective.ts';
import type { ConfigReading } from '../../config/reader.ts';
import { judgeOwnCertificate } from './certificate.ts';
import { type Check, check, pass, type Verdict, warn } from './check.ts';

export function examineConfiguration({ config, warnings, settings }: ConfigReading, now: number): Check[] {
  const { esc } = config;
  const idle = notYetEffective.filter((key) => settings.has(key));
  return [
    check('config.keys', `${settings.size} keys set`, pass('read, no errors')),
    ...warnings.map(warningCheck),
    ...idle.map((key) => check('config.idle', key, warn('is set and has no effect yet', 'do not rely on it'))),
    check('config.nodes', 'esc.nodes', judgeNodes(esc.nodes)),
    check('config.account', 'esc.username', judgeAccount(esc.username)),
    ...(esc.tls.ca === undefined ? [] : authorities(esc.tls.ca, now)),
  ];
}

/** `esc.nodes: one address only; …` as a check of `esc.nodes`. */
function warningCheck(sentence: string): Check {
  const [, key = 'configuration', says = sentence] = /^([\w.]+): (.*)$/s.exec(sentence) ?? [];
  return check('config.warning', key, warn(says, '`northgate config print` shows what each key came to'));
}

/** R6: a flap from A to B with no failed probe is noticed by the node probes, or by another certificate. */
function judgeNodes(nodes: readonly string[]): Verdict {
  if (nodes.length > 0) return pass(nodes.join(' and '));
  return warn(
    'is empty: a switchover in which no probe of the VIP fails may go unnoticed',
    'give both nodes’ own addresses, or the user-data files as esc.userData',
  );
}

function judgeAccount(username: string | undefined): Verdict {
  if (username !== undefined) return pass('the gateway has an ESC account of its own');
  return warn(
    'is not set: probes are sent without credentials, and looks with those of each transaction',
    'give the gateway its own ESC account: the health monitor asks for one where REST does',
  );
}

function authorities(pem: string, now: number): Check[] {
  const each = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return each.map((one, index) => check('config.ca', `esc.tls.ca, certificate ${index + 1}`, judgeAuthority(one, now)));
}

function judgeAuthority(pem: string, now: number): Verdict {
  try {
    return judgeOwnCertificate(new X509Certificate(pem).toString(), 'esc.tls.ca', now);
  } catch {
    return warn('cannot be read as a certificate', 'write it as PEM, whole');
  }
}
