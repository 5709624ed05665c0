/**
 * Whether ESC can report: `callbacks.publicUrl` resolved, connected to, and asked whether it is a gateway's callbacks
 * path. Nothing is reported: the question is a GET, which that path refuses. What only a node could tell is said.
 */
import type { Config } from '../../config/schema.ts';
import { answerMaxMs } from './bounded.ts';
import { type Check, check, fail, pass, skip, type Verdict, warn } from './check.ts';
import { whoAnswers } from './listeners.ts';
import { addressesOf, judgeName, resolveName } from './names.ts';
import type { Seen } from './place.ts';
import { type Answer, ask } from './questions.ts';

/** Below `publicUrl` (contract section 3). No token has this form, so nothing can be meant by it. */
const path = '/northgate/v1/callbacks/doctor';

/** `isRunning`: whether a gateway answers on this machine. */
export async function examineCallbacks(config: Config, vip: Seen, isRunning: boolean): Promise<Check[]> {
  const { publicUrl } = config.callbacks;
  if (publicUrl === undefined) {
    const found = 'not set: ESC reports to the clients themselves, and completion is found by looking';
    return [check('callbacks.url', 'callbacks.publicUrl', skip(found))];
  }
  const url = new URL(publicUrl);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isSecure = url.protocol === 'https:';
  const named = await resolveName(host);
  const addresses = addressesOf(host, named);
  const name = check('callbacks.name', publicUrl, judgeName(named, 'callbacks.publicUrl'));
  if (addresses.length === 0) return [name];
  const answer = await ask(
    {
      host,
      port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
      // Whether ESC trusts the certificate is not known here; who answers is.
      trust: isSecure ? { verify: false } : null,
    },
    { path: `${url.pathname.replace(/\/+$/, '')}${path}`, waitMs: answerMaxMs, accept: 'application/json' },
  );
  return [
    name,
    check('callbacks.url', publicUrl, judgePath(answer, isRunning)),
    check('callbacks.nodes', publicUrl, judgeNodeSide(addresses, vip.addresses, isSecure)),
  ];
}

/** What Node says of TLS where plain HTTP is spoken, and of HTTP where something else is. */
const notTheScheme = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'HPE_INVALID_CONSTANT']);

/** `isRunning`: a gateway runs on this machine, so one should answer there. */
function judgePath(answer: Answer, isRunning: boolean): Verdict {
  if (answer.kind !== 'answered') {
    const found =
      answer.kind === 'silent' ? `silent for ${answer.waitedMs / 1000} s` : `cannot be reached (${answer.code})`;
    if (answer.kind === 'broken' && notTheScheme.has(answer.code)) {
      return fail(
        `no answer in the scheme of the URL (${answer.code})`,
        'write http or https into callbacks.publicUrl, whichever is spoken there',
      );
    }
    if (answer.kind === 'broken' && !isRunning) {
      return warn(`${found}, and no gateway runs here`, 'run the doctor again while the gateway serves');
    }
    return fail(
      found,
      'lead callbacks.publicUrl to callbacks.port, or to the northbound listener where that is not set',
    );
  }
  const holder = whoAnswers(answer.status, answer.body);
  if (holder.kind === 'northgate' && answer.status === 405) return pass('leads to a gateway’s callbacks path');
  if (holder.kind === 'northgate') {
    return fail(
      `leads to a gateway, but not to its callbacks path (HTTP ${answer.status})`,
      'correct the path of callbacks.publicUrl: the gateway adds /northgate/v1/callbacks/ to it',
    );
  }
  return fail(
    `another program answers (HTTP ${answer.status})`,
    'correct callbacks.publicUrl, or what stands in front of the gateway',
  );
}

/** What can be known from here of a node's way to it. */
export function judgeNodeSide(addresses: readonly string[], vip: readonly string[], isSecure: boolean): Verdict {
  const own = addresses.find(isOwn);
  if (own !== undefined && !vip.every(isOwn)) {
    return fail(
      `${own} is the node itself, seen from a node`,
      'write an address of this machine into callbacks.publicUrl that both nodes can reach',
    );
  }
  const trust = isSecure ? ', and whether ESC trusts its certificate,' : '';
  return skip(`whether both nodes reach it${trust} cannot be known from here: run \`curl -i\` to it on each of them`);
}

/** Loopback and link-local: the same words lead elsewhere on another machine. */
const isOwn = (address: string): boolean =>
  /^(?:127\.|169\.254\.|0\.0\.0\.0$|::1$|::$|fe80:|::ffff:127\.)/i.test(address);
