/**
 * What the REST northbound's answer to a read is worth, and what it says of the gateway's own account. Pure. The read
 * lists the tenants, which is short and changes nothing.
 */
import { isHtml } from '../../esc/bodies.ts';
import { fail, pass, skip, type Verdict, warn } from './check.ts';
import { isRefusal } from './health.ts';
import type { Answer } from './questions.ts';

export const restPath = '/ESCManager/v0/tenants';

const starting = 'wait if ESC is starting (2 to 5 minutes after a switchover)';
const wrongPort =
  'is esc.rest.port that of REST? 8443 with https, 8080 with http; others are the portal, ETSI, NETCONF';

export function judgeRest(answer: Answer): Verdict {
  if (answer.kind === 'silent') {
    return fail(
      `connected, then silent for ${answer.waitedMs / 1000} s`,
      `see /var/log/esc/escmanager.log; ${starting}`,
    );
  }
  if (answer.kind === 'broken')
    return fail(`no HTTP answer (${answer.code})`, `is esc.rest.scheme right? ${wrongPort}`);
  const { status, contentType, body } = answer;
  if (isRefusal(answer)) return pass(`HTTP ${status}: it asks for credentials`);
  if (isHtml(contentType, body) || (status === 404 && body.length === 0)) {
    return fail(`HTTP ${status} with a page instead of an answer of ESC’s`, `${starting}; else: ${wrongPort}`);
  }
  if (status === 503)
    return warn('HTTP 503: temporarily unavailable', `ESC is in maintenance mode, or starting: ${starting}`);
  if (status >= 500) return fail(`HTTP ${status}`, 'see /var/log/esc/escmanager.log on the active node');
  if (status >= 300) return warn(`HTTP ${status} to GET ${restPath}`, wrongPort);
  return pass(`HTTP ${status} to GET ${restPath}`);
}

/** `hasAccount`: whether the question bore the gateway's own credentials. */
export function judgeCredentials(answer: Answer, hasAccount: boolean): Verdict {
  if (!hasAccount) return skip('no esc.username: requests and looks bear the clients’ own credentials');
  if (answer.kind !== 'answered') return skip('REST did not answer');
  if (isRefusal(answer)) {
    return fail(
      `HTTP ${answer.status}: esc.username and esc.password were refused`,
      'set them to ESC’s REST account (`sudo escadm rest set` changes it on the nodes)',
    );
  }
  if (answer.status >= 300) return skip(`REST answered HTTP ${answer.status}`);
  return pass('esc.username and esc.password are accepted');
}
