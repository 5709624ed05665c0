/**
 * What certificates are worth, of ESC's ports and of the gateway's own listeners. Pure: what was seen and the time come
 * in. It says what Node's own check of the chain said in words that name the remedy.
 */
import { X509Certificate } from 'node:crypto';
import { fail, pass, skip, type Verdict, warn } from './check.ts';

const dayMs = 86_400_000;
/** A certificate that ends sooner wants a new one soon. */
const renewDays = 30;

export interface PeerCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly validFromAt: number;
  readonly validToAt: number;
  /** SHA-256, by which two peers are told apart. */
  readonly fingerprint: string;
}

export function peerCertificateOf(certificate: X509Certificate): PeerCertificate {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validFromAt: certificate.validFromDate.getTime(),
    validToAt: certificate.validToDate.getTime(),
    fingerprint: certificate.fingerprint256,
  };
}

const oneLine = (name: string | undefined): string => (name ?? '').replaceAll('\n', ', ') || 'nameless';

export type Greeting =
  | { readonly kind: 'greeted'; readonly certificate: PeerCertificate; readonly distrust: string | null }
  | { readonly kind: 'silent'; readonly waitedMs: number }
  | { readonly kind: 'failed'; readonly code: string };

export interface Trust {
  /** PEM; absent: whom Node trusts. */
  readonly ca?: string;
  readonly verify: boolean;
}

/** `key` is the section of the configuration that holds scheme and port, such as `esc.rest`; `peer` how it is connected to. */
export function judgeGreeting(greeting: Greeting, trust: Trust, { key, peer, now }: GreetingContext): Verdict {
  if (greeting.kind === 'silent') {
    return fail(
      `connected, then silent for ${greeting.waitedMs / 1000} s`,
      'see on both nodes whether the VM and ESC run (`sudo escadm status --v`), and who holds the VIP',
    );
  }
  if (greeting.kind === 'failed') {
    return fail(
      `no TLS (${greeting.code})`,
      `see whether ${key}.scheme should be http, and whether ${key}.port is the right one`,
    );
  }
  const { certificate, distrust } = greeting;
  const until = dateOf(certificate.validToAt);
  const shown = `${certificate.subject}, until ${until}`;
  if (certificate.validToAt < now) {
    const found = `the certificate of ${certificate.subject} expired on ${until}`;
    const advice = 'renew it on both nodes, and put the new one into esc.tls.ca if it is self-signed';
    return trust.verify ? fail(found, advice) : warn(found, advice);
  }
  if (!trust.verify) {
    return warn(
      `${shown}; not verified (esc.tls.verify: false)`,
      `give the certificate as esc.tls.ca: ${fetching(peer)}`,
    );
  }
  if (distrust !== null) return distrusted(certificate, distrust, { trust, peer, now });
  if (certificate.validToAt - now < renewDays * dayMs) {
    return warn(`trusted: ${shown}`, `renew it ${inDaysUntil(certificate.validToAt, now)}, on both nodes`);
  }
  return pass(`trusted: ${shown}`);
}

interface GreetingContext {
  readonly key: string;
  readonly peer: string;
  readonly now: number;
}

function distrusted(
  { subject, issuer, validFromAt }: PeerCertificate,
  distrust: string,
  { trust, peer, now }: { trust: Trust; peer: string; now: number },
): Verdict {
  if (validFromAt > now) {
    return fail(`the certificate of ${subject} is not valid yet`, 'set the clocks right, here and on the nodes');
  }
  if (distrust === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return fail(
      `the certificate of ${subject} is not for this address (${distrust})`,
      'let it name the VIP and both nodes as subject alternative names, or write the name that it has into esc.vip',
    );
  }
  const isSelfSigned = subject === issuer;
  const found = `not trusted (${distrust}): ${subject}, ${isSelfSigned ? 'self-signed' : `issued by ${issuer}`}`;
  const where = trust.ca === undefined ? 'give it as esc.tls.ca' : 'add it to esc.tls.ca, which lacks it';
  const what = isSelfSigned ? 'ESC ships self-signed certificates' : 'take the issuer’s certificate';
  return fail(
    found,
    `${what}: ${where}, of both nodes, after comparing the fingerprint on the node: ${fetching(peer)}`,
  );
}

const fetching = (peer: string): string =>
  `openssl s_client -connect ${peer} -showcerts </dev/null | openssl x509 > esc.pem`;

/** A listener of the gateway itself. `pem` absent: plain HTTP. */
export function judgeOwnCertificate(pem: string | undefined, key: string, now: number): Verdict {
  if (pem === undefined) return skip('plain HTTP');
  const { subject, validFromAt, validToAt } = peerCertificateOf(new X509Certificate(pem));
  const until = dateOf(validToAt);
  if (validToAt < now) return fail(`${subject} expired on ${until}`, `renew ${key} and start the gateway again`);
  if (validFromAt > now) return fail(`${subject} is not valid yet`, 'set this machine’s clock right');
  if (validToAt - now < renewDays * dayMs) {
    return warn(`${subject}, until ${until}`, `renew ${key} ${inDaysUntil(validToAt, now)}`);
  }
  return pass(`${subject}, until ${until}`);
}

/**
 * Whether the node that does not serve now will be trusted when it does. Each node ships its own certificate, so one
 * that is trusted by itself says nothing of the other.
 */
export function judgeStandbyTrust(trust: Trust, seen: readonly string[]): Verdict {
  if (!trust.verify) return skip('esc.tls.verify is false');
  const pinned = (trust.ca ?? '').match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  const fingerprints = pinned.map((pem) => new X509Certificate(pem).fingerprint256);
  const isPinned = seen.some((fingerprint) => fingerprints.includes(fingerprint));
  if (!isPinned) return pass('trusted by its issuer, as the other node’s will be');
  if (new Set(seen).size > 1) return pass('both nodes’ certificates were seen');
  if (fingerprints.length > 1) return pass(`esc.tls.ca has ${fingerprints.length} certificates`);
  return warn(
    'esc.tls.ca has one certificate, that of the node which serves now',
    'add the other node’s (its own health port shows it), unless both have the same: after a switchover it is asked for',
  );
}

const dateOf = (instant: number): string => new Date(instant).toISOString().slice(0, 10);

function inDaysUntil(instant: number, now: number): string {
  const days = Math.floor((instant - now) / dayMs);
  return days === 0 ? 'today' : `within ${days} day${days === 1 ? '' : 's'}`;
}
