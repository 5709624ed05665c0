/**
 * Which URLs of clients the gateway calls (`callbacks.allow`): asked of the URL when a request comes, and again of the
 * address when a report is delivered, so that a name cannot be turned to another address in between.
 * Invariant: loopback, link-local and metadata addresses are called only where they are named, by whatever name and in
 * whatever form they are written.
 */
import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { GatewayError } from '../domain/problem.ts';
import { embeddedIPv4, plainAddress } from './addresses.ts';

const urlMaxChars = 4096;

/** Refused unless named: this host, its links, metadata services of clouds, and what is no address of one host. */
const special: readonly string[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '224.0.0.0/4',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::/10',
  'fec0::/10',
  'fd00:ec2::254',
  'fd20:ce::254',
  'ff00::/8',
];
const specialNames: readonly RegExp[] = [
  /(^|\.)localhost$/,
  /(^|\.)localdomain$/,
  /^metadata(\.|$)/,
  /^instance-data(\.|$)/,
];

export class Allow {
  readonly #names: ReadonlySet<string>;
  /** Null: nothing is named, and everything that is not special is allowed. */
  readonly #named: BlockList | null;
  readonly #hasNetworks: boolean;
  readonly #special = listOf(special);

  /** `allowed`: addresses, networks (`10.0.0.0/8`) and host names, as the configuration has checked them. */
  constructor(allowed: readonly string[]) {
    const networks = allowed.filter((each) => isIP(each.split('/')[0] ?? '') !== 0);
    this.#names = new Set(allowed.filter((each) => !networks.includes(each)).map(plainName));
    this.#hasNetworks = networks.length > 0;
    this.#named = allowed.length === 0 ? null : listOf(networks);
  }

  /**
   * Null if the URL may be called, as far as it tells by itself; else why not, in a sentence. A name that is not listed is
   * judged by its addresses when it is called.
   */
  refusalOf(url: string): string | null {
    if (url.length > urlMaxChars || !URL.canParse(url)) return 'it is not a URL';
    const { protocol, hostname } = new URL(url);
    if (protocol !== 'http:' && protocol !== 'https:') return `${protocol} is not http: or https:`;
    const host = plainName(hostname);
    if (isIP(host) !== 0) return this.allowsAddress(host) ? null : `the address ${host} is not allowed`;
    if (this.#names.has(host)) return null;
    if (specialNames.some((each) => each.test(host))) return `the host ${host} is not allowed`;
    return this.#named === null || this.#hasNetworks ? null : `the host ${host} is not allowed`;
  }

  /** Whether this address, which `host` may have been found to have, may be called. */
  allowsAddress(address: string, host = address): boolean {
    const forms = formsOf(address);
    if (forms.length === 0) return false;
    const isNamed = this.#named !== null && forms.some((each) => isIn(this.#named, each));
    if (isNamed) return true;
    const name = plainName(host);
    const isNamedHost = this.#names.has(name);
    // Who names localhost means this host; any other name that turns out to be this host has been turned.
    if (forms.some((each) => isIn(this.#special, each))) return isNamedHost && /(^|\.)localhost$/.test(name);
    return this.#named === null || isNamedHost;
  }

  /** In place of the system's look-up of a name: gives only addresses that are allowed, an error if there are none. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    const asked: LookupOptions & { all: true } = { ...options, all: true };
    lookup(host, asked, (error, found) => {
      const addresses: LookupAddress[] = error === null ? found : [];
      const allowed = addresses.filter(({ address }) => this.allowsAddress(address, host));
      const [first] = allowed;
      if (error !== null) callback(error, '', 0);
      else if (first === undefined) callback(notAllowed(host, addresses), '', 0);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** @throws GatewayError `callback-refused` for the first URL of a request that may not be called; nothing was sent then. */
export function refuseCallbacks(allow: Allow, urls: readonly (string | null)[]): void {
  for (const url of urls) {
    const refusal = url === null ? null : allow.refusalOf(url);
    if (refusal === null) continue;
    const detail = `The callback URL cannot be used: ${refusal} (callbacks.allow).`;
    throw new GatewayError('callback-refused', { detail, sent: 'no' });
  }
}

const notAllowed = (host: string, found: readonly LookupAddress[]): NodeJS.ErrnoException => {
  const addresses = found.map(({ address }) => address).join(', ');
  const error: NodeJS.ErrnoException = new Error(`${host} is ${addresses || 'nowhere'}, which is not allowed`);
  error.code = 'ENOTALLOWED';
  return error;
};

/** In lower case, without brackets and without the dot of the root. */
const plainName = (host: string): string => host.toLowerCase().replace(/^\[|\]$|\.$/g, '');

/** An address in every form that leads to the same host: as it is, and the IPv4 address that it carries. */
function formsOf(address: string): string[] {
  const plain = plainAddress(address);
  if (plain === null) return [];
  const carried = embeddedIPv4(plain);
  return carried === null ? [plain] : [plain, carried];
}

const isIn = (list: BlockList | null, address: string): boolean =>
  list?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') ?? false;

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
