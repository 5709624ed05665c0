// A self-signed certificate and its key, made on the spot (X.509 v3, Ed25519; RFC 5280 and RFC 8410), so that no private
// key lies in the repository and no tool besides Node is needed.

import { generateKeyPairSync, sign } from 'node:crypto';

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts);
const ed25519 = sequence(Buffer.from('06032b6570', 'hex'));
const commonName = Buffer.from('0603550403', 'hex');
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);

/** Subject alternative name, version 4 addresses only (RFC 5280, section 4.2.1.6). */
function alternatives(addresses: readonly string[]): Buffer[] {
  if (addresses.length === 0) return [];
  const names = addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number))));
  return [der(0xa3, sequence(sequence(Buffer.from('0603551d11', 'hex'), der(0x04, sequence(...names)))))];
}

/** `{ cert, key }`, both PEM; valid from 2020 to 2049; for the name, and for the addresses if any. */
export function makeCertificate(name: string, addresses: readonly string[] = []): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const subject = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(name)))));
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ed25519,
    subject,
    sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z'))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    ...alternatives(addresses),
  );
  const certificate = sequence(content, ed25519, bits(sign(null, content, privateKey)));
  const lines = certificate.toString('base64').replace(/(.{64})/g, '$1\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}
