// Rules between the listeners: orchestrators and operators never share a port, operators without tokens only on loopback and
// in the clear only where that was said, certificates that fit their keys.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isLoopback } from './hosts.ts';
import type { Fault } from './problem.ts';
import type { Config } from './schema.ts';

type Listener = { readonly key: string; readonly host: string; readonly port: number };

/** Ports, loopback, and the callbacks' own listener. */
export function checkListeners({ northbound, ops, callbacks }: Config): Fault[] {
  const faults: Fault[] = [];
  if (ops.tokens.length === 0 && !isLoopback(ops.host)) {
    faults.push({
      key: 'ops.tokens',
      found: `nothing beside ops.host ${ops.host}`,
      expected: 'at least one token, or a loopback ops.host (127.0.0.1, ::1 or localhost)',
    });
  }
  if (!isLoopback(ops.host) && ops.tls.cert === undefined && !ops.allowPlaintext) {
    faults.push({
      key: 'ops.tls.cert',
      found: `nothing beside ops.host ${ops.host}`,
      expected:
        'a certificate, a loopback ops.host, or ops.allowPlaintext: true (tokens cross the network in the clear)',
    });
  }
  if (callbacks.host !== undefined && callbacks.port === undefined) {
    faults.push({
      key: 'callbacks.port',
      found: 'nothing beside callbacks.host',
      expected: 'the port of the callbacks’ own listener',
    });
  }
  if (callbacks.publicUrl !== undefined && northbound.tls.clientCa !== undefined && callbacks.port === undefined) {
    faults.push({
      key: 'callbacks.port',
      found: 'nothing beside callbacks.publicUrl and northbound.tls.clientCa',
      expected: 'an own listener: ESC has no client certificate for the northbound one',
    });
  }
  const listeners: Listener[] = [
    { key: 'northbound.port', ...northbound },
    { key: 'ops.port', ...ops },
    ...(callbacks.port === undefined
      ? []
      : [{ key: 'callbacks.port', host: callbacks.host ?? northbound.host, port: callbacks.port }]),
  ];
  return [...faults, ...listeners.flatMap((listener, index) => collision(listener, listeners.slice(0, index)))];
}

function collision({ key, host, port }: Listener, others: readonly Listener[]): Fault[] {
  const isSame = (other: Listener) =>
    other.port === port && (other.host === host || isEvery(other.host) || isEvery(host));
  const other = port === 0 ? undefined : others.find(isSame);
  return other === undefined
    ? []
    : [{ key, found: `${port}, which is ${other.key} too`, expected: 'a port of its own' }];
}

const isEvery = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Certificate and key together, and belonging together. */
export function checkTls({ northbound, ops }: Config): Fault[] {
  return [...checkOneTls('northbound.tls', northbound.tls), ...checkOneTls('ops.tls', ops.tls)];
}

function checkOneTls(key: string, { cert, key: privateKey, clientCa }: Config['ops']['tls']): Fault[] {
  if (cert === undefined && privateKey === undefined && clientCa !== undefined)
    return [{ key: `${key}.cert`, found: `nothing beside the rest of ${key}`, expected: 'the certificate' }];
  return checkPair(key, cert, privateKey);
}

/** Both or none, and belonging together. */
export function checkPair(key: string, cert: string | undefined, privateKey: string | undefined): Fault[] {
  if (cert === undefined && privateKey === undefined) return [];
  if (cert === undefined)
    return [{ key: `${key}.cert`, found: `nothing beside the rest of ${key}`, expected: 'the certificate' }];
  if (privateKey === undefined)
    return [{ key: `${key}.key`, found: `nothing beside ${key}.cert`, expected: 'its private key' }];
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(privateKey))) return [];
    return [
      {
        key: `${key}.key`,
        found: `a key of another certificate than ${key}.cert`,
        expected: 'the key that belongs to it',
      },
    ];
  } catch {
    return [
      {
        key,
        found: 'a certificate or key that cannot be read',
        expected: 'an X.509 certificate and its unencrypted private key, both in PEM',
      },
    ];
  }
}
