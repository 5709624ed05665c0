/**
 * What a health monitor's answer is worth, at the VIP and at a node's own address. Pure. The same report is well at a
 * standby and a failure at the VIP: a standby need not be in service.
 */
import { type HealthReading, isReady, meaningOf, readHealthReport } from '../../esc/health-report.ts';
import { fail, pass, type Verdict, warn } from './check.ts';
import type { Answer } from './questions.ts';

/** What a place is seen to be; `unknown`: it could not be asked as it wants to be asked. */
export type Health = 'ready' | 'not-ready' | 'refused' | 'silent' | 'unknown';

/** What an answer says of readiness. */
export function healthOf(answer: Answer): Health {
  if (answer.kind === 'silent') return 'silent';
  if (answer.kind === 'broken') return answer.code === 'ECONNREFUSED' ? 'refused' : 'unknown';
  if (isRefusal(answer)) return 'unknown';
  return isReady(readingOf(answer)) ? 'ready' : 'not-ready';
}

type Heard = Extract<Answer, { kind: 'answered' }>;

const readingOf = ({ status, contentType, body }: Heard): HealthReading => readHealthReport(status, contentType, body);
export const isRefusal = ({ status }: Heard): boolean => status === 401 || status === 403;

/** `2000 READY: all ESC services are running` */
function inWords({ code, stage, message }: Extract<HealthReading, { kind: 'report' }>): string {
  const meaning = meaningOf(code) ?? message;
  return `${code}${stage === null ? '' : ` ${stage}`}${meaning === '' ? '' : `: ${meaning}`}`;
}

const health =
  'run `sudo escadm health` and `sudo escadm status --v` on the active node, and see /var/log/esc/escadm.log';

export function judgeVipHealth(answer: Answer): Verdict {
  if (answer.kind !== 'answered')
    return fail(failureOf(answer), `esc.health must lead to the health monitor; ${health}`);
  if (isRefusal(answer)) return refused(answer);
  const reading = readingOf(answer);
  if (reading.kind === 'unreadable') {
    return fail(
      reading.reason,
      'correct esc.health.scheme, .port (8060; before ESC 5.3: 60000) and .path (/esc/health)',
    );
  }
  const words = inWords(reading);
  if (isReady(reading)) return reading.code === 2000 ? pass(words) : warn(words, remedyOf(reading.code));
  if (reading.code >= 5000) return fail(words, `wait if a switchover is under way (2 to 5 minutes); else ${health}`);
  if (reading.stage === 'INIT') return warn(words, 'wait for READY: until then ESC takes pre-provisioning only');
  return fail(`${words}, not READY`, `the gate stays shut; ${health}`);
}

export function judgeNodeHealth(answer: Answer): Verdict {
  if (answer.kind !== 'answered') {
    return warn(failureOf(answer), 'see whether the VM runs; a switchover may be noticed later without this answer');
  }
  if (isRefusal(answer)) return refused(answer);
  const reading = readingOf(answer);
  if (reading.kind === 'unreadable') {
    return warn(reading.reason, 'correct esc.health or esc.nodes: the nodes’ own health monitors tell who is active');
  }
  return pass(`${inWords(reading)}; ${isReady(reading) ? 'this node is active' : 'this node is not active'}`);
}

const refused = ({ status }: Heard): Verdict =>
  fail(`HTTP ${status}: the credentials were refused`, 'set esc.username and esc.password to ESC’s REST account');

function failureOf(answer: Exclude<Answer, Heard>): string {
  return answer.kind === 'silent' ? `silent for ${answer.waitedMs / 1000} s` : `no answer (${answer.code})`;
}

/** ESC runs and something beside it does not. */
function remedyOf(code: number): string {
  const peer = 'bring the other node back: nobody would take over';
  const vim = 'see to the VIM connector: ESC cannot deploy';
  if (code === 2010) return peer;
  return code === 2100 ? `${peer}; ${vim}` : vim;
}
