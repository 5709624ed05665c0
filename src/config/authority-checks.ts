// Certificates of authorities that are to be trusted: a bundle that cannot be read would be taken for an empty one, and nobody
// would be trusted any more.

import { X509Certificate } from 'node:crypto';
import type { Fault } from './problem.ts';
import type { Config } from './schema.ts';

const block = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*(?:-----END \1-----)?/g;
const expected = 'one or more X.509 certificates in PEM';

export function checkAuthorities({ northbound, ops, esc, journal }: Config): Fault[] {
  return [
    ...checkBundle('northbound.tls.clientCa', northbound.tls.clientCa),
    ...checkBundle('ops.tls.clientCa', ops.tls.clientCa),
    ...checkBundle('esc.tls.ca', esc.tls.ca),
    ...checkBundle('journal.tls.ca', journal.tls.ca),
  ];
}

function checkBundle(key: string, bundle: string | undefined): Fault[] {
  if (bundle === undefined) return [];
  const blocks = [...bundle.matchAll(block)].map(([text]) => text);
  const unread = blocks.findIndex((text) => !isCertificate(text));
  if (blocks.length > 0 && unread === -1) return [];
  return [{ key, found: blocks.length === 0 ? 'no PEM' : `a part ${unread + 1} that is no certificate`, expected }];
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).subject !== null;
  } catch {
    return false;
  }
}
