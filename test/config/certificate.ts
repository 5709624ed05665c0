// Certificates and their keys, self-signed or of an authority, made on the spot (X.509 v3, Ed25519; RFC 5280 and RFC 8410), so that no private
// key lies in the repository and no tool besides Node is needed.

import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts);
const ed25519 = sequence(Buffer.from('06032b6570', 'hex'));
const commonName = Buffer.from('0603550403', 'hex');
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);

/** Basic constraints, and subject alternative names, version 4 addresses only (RFC 5280, section 4.2.1.6). */
function extensions(addresses: readonly string[], isAuthority: boolean): Buffer[] {
  const names = addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number))));
  const found = [
    ...(isAuthority
      ? [sequence(Buffer.from('0603551d130101ff', 'hex'), der(0x04, sequence(der(1, Buffer.of(255)))))]
      : []),
    ...(names.length === 0 ? [] : [sequence(Buffer.from('0603551d11', 'hex'), der(0x04, sequence(...names)))]),
  ];
  return found.length === 0 ? [] : [der(0xa3, sequence(...found))];
}

export interface Certificate {
  readonly name: string;
  /** Both PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Absent: itself. */
  readonly issuer?: Certificate;
  /** It may sign others (RFC 5280, section 4.2.1.9). */
  readonly isAuthority?: boolean;
  /** Days from now; absent: from 2020 to 2049. */
  readonly validDays?: readonly [from: number, until: number];
}

/** For the name, and for the addresses if any. */
export function makeCertificate(
  name: string,
  addresses: readonly string[] = [],
  { issuer, isAuthority = false, validDays }: CertificateOptions = {},
): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const [from, until] = validDays?.map(daysFromNow) ?? ['200101000000Z', '491231235959Z'];
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ed25519,
    nameOf(issuer?.name ?? name),
    sequence(der(0x17, Buffer.from(from ?? '')), der(0x17, Buffer.from(until ?? ''))),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...extensions(addresses, isAuthority),
  );
  const signer = issuer === undefined ? privateKey : createPrivateKey(issuer.key);
  const certificate = sequence(content, ed25519, bits(sign(null, content, signer)));
  const lines =
    certificate
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n') ?? '';
  return {
    name,
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

const nameOf = (name: string): Buffer => sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(name)))));

/** UTCTime (RFC 5280, section 4.1.2.5.1). */
const daysFromNow = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000)
    .toISOString()
    .replace(/\.\d+|[-:T]/g, '')
    .slice(2)}`;
