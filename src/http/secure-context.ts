/**
 * What a listener's TLS is made of: certificate, key, and who signs the certificates that clients must have. Renewed without a
 * restart; a pair that does not fit is refused before it is used, so that the one in use stays.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import https from 'node:https';
import type { Config } from '../config/schema.ts';

export type ListenerTls = Config['northbound']['tls'];

/** As long as a head may take; Node would hold a place for two minutes. */
export const handshakeMaxMs = 10_000;

export interface SecureContext {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
  readonly ca?: string;
  readonly requestCert?: true;
  readonly rejectUnauthorized?: true;
}

/** Null: plain HTTP. With `clientCa` nobody gets past the handshake without a certificate that it signed. */
export function contextOf({ cert, key, clientCa }: ListenerTls): SecureContext | null {
  if (cert === undefined || key === undefined) return null;
  const own = { cert, key, minVersion: 'TLSv1.2' } as const;
  return clientCa === undefined ? own : { ...own, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}

/** Throws if the key is of another certificate, or one of them cannot be read. */
export function checkContext(tls: ListenerTls): void {
  const context = contextOf(tls);
  if (context === null) return;
  if (!new X509Certificate(context.cert).checkPrivateKey(createPrivateKey(context.key))) {
    throw new Error('the key is of another certificate');
  }
}

/** Throws as `checkContext` does. A listener that is plain, or would become so, stays as it is. */
export function renewContext(server: HttpServer, tls: ListenerTls): void {
  checkContext(tls);
  const context = contextOf(tls);
  if (context !== null && server instanceof https.Server) server.setSecureContext(context);
}

/** Days until a certificate ends, of the first in a chain; null: it cannot be read. */
function daysLeft(cert: string, at: number): number | null {
  try {
    return (Date.parse(new X509Certificate(cert).validTo) - at) / 86_400_000;
  } catch {
    return null;
  }
}

const warnDays = 14;

/** Sentences for operators about certificates of listeners that end soon or have ended. */
export function expiryWarnings(listeners: Readonly<Record<string, ListenerTls>>, at: number): string[] {
  return Object.entries(listeners).flatMap(([key, { cert }]) => {
    const left = cert === undefined ? null : daysLeft(cert, at);
    if (left === null || left > warnDays) return [];
    return [left <= 0 ? `${key}.cert has ended` : `${key}.cert ends in ${Math.ceil(left)} days`];
  });
}
