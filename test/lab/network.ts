/**
 * The network of one pair: a bridge in a namespace of its own, and five namespaces on it, each with one interface. The
 * addresses of the pair are those of the HA chapter, to the letter. Names are unique to the process and the pair, so
 * that pairs run side by side and a later run finds what a killed one left.
 */
import { run } from './commands.ts';

export type NodeName = 'esc1' | 'esc2';
export type Place = NodeName | 'gateway' | 'redis' | 'clients';

/** User-data of the chapter: the nodes' own addresses and `keepalived.vip`. */
export const addresses: Readonly<Record<Place | 'vip', string>> = {
  esc1: '172.16.0.0',
  esc2: '172.16.1.0',
  vip: '172.16.2.0',
  gateway: '172.16.9.1',
  redis: '172.16.9.2',
  clients: '172.16.9.3',
};

export const restPort = 8080;
export const healthPort = 8060;
/** The same answers over plain HTTP, for keepalived's own script. */
export const keepalivedHealthPort = 8061;

/** Short enough that the chapter's x.x.x.0 are ordinary addresses of one network, and not the network's own. */
export const prefixLength = 11;

export const places: readonly Place[] = ['esc1', 'esc2', 'gateway', 'redis', 'clients'];

/** Namespaces of the lab, whoever made them: the process and the number of the pair are in the name. */
export const namespacePattern = /^nglab-(\d+)-\w+-\w+$/;

/**
 * How soon the gateway's kernel doubts a neighbour that does not answer, and how soon it asks again: in all some 7 s, in
 * earnest 26 to 52 s (reference/lab.md 0.8).
 */
const neighbour: Readonly<Record<string, number>> = {
  base_reachable_time_ms: 2_000,
  delay_first_probe_time: 3,
  retrans_time_ms: 1_000,
};

export class Network {
  readonly #name: string;

  constructor(pair: string) {
    this.#name = `nglab-${process.pid}-${pair}`;
  }

  namespaceOf(place: Place | 'lan'): string {
    return `${this.#name}-${place}`;
  }

  get namespaces(): string[] {
    return [...places, 'lan' as const].map((place) => this.namespaceOf(place));
  }

  /** The words before a command that is to run at a place. */
  inside(place: Place | 'lan'): string[] {
    return ['ip', 'netns', 'exec', this.namespaceOf(place)];
  }

  /** Each node's priority decides who is active, not who is first here. Rejects with what `ip` says. */
  async up(): Promise<void> {
    const lan = this.namespaceOf('lan');
    for (const namespace of this.namespaces) {
      await run('ip', 'netns', 'add', namespace);
      await run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
    }
    await run('ip', '-n', lan, 'link', 'add', 'br0', 'type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0');
    await run('ip', '-n', lan, 'link', 'set', 'br0', 'up');
    for (const place of places) await this.#attach(place);
    await this.#nft(
      'lan',
      'add table bridge lab; add chain bridge lab faults { type filter hook forward priority 0; }',
    );
    for (const [key, value] of Object.entries(neighbour)) {
      const sysctl = `echo ${value} > /proc/sys/net/ipv4/neigh/eth0/${key}`;
      await run('ip', 'netns', 'exec', this.namespaceOf('gateway'), 'sh', '-c', sysctl);
    }
  }

  async #attach(place: Place): Promise<void> {
    const [lan, own] = [this.namespaceOf('lan'), this.namespaceOf(place)];
    await run('ip', '-n', lan, 'link', 'add', `p-${place}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', own);
    await run('ip', '-n', lan, 'link', 'set', `p-${place}`, 'master', 'br0', 'up');
    await run('ip', '-n', own, 'addr', 'add', `${addresses[place]}/${prefixLength}`, 'dev', 'eth0');
    await run('ip', '-n', own, 'link', 'set', 'eth0', 'up');
  }

  /** The cable is out: the node sees that it has no carrier. */
  async unplug(node: NodeName): Promise<void> {
    await run('ip', '-n', this.namespaceOf('lan'), 'link', 'set', `p-${node}`, 'down');
  }

  async plug(node: NodeName): Promise<void> {
    await run('ip', '-n', this.namespaceOf('lan'), 'link', 'set', `p-${node}`, 'up');
  }

  /** Nothing comes or goes, and the node does not see it. */
  async cutOff(node: NodeName): Promise<void> {
    await this.#fault(`iifname "p-${node}" drop`, `oifname "p-${node}" drop`);
  }

  /** The node hears everything and is not heard. */
  async mute(node: NodeName): Promise<void> {
    await this.#fault(`iifname "p-${node}" drop`);
  }

  /** The nodes do not hear of each other; everybody else reaches both. */
  async cutVrrp(): Promise<void> {
    await this.#fault('ip protocol 112 drop');
  }

  /** Everything is healed at one blow, but the node cannot tell the others that it has the VIP; who asks gets an answer. */
  async healHushed(node: NodeName): Promise<void> {
    const { vip } = addresses;
    const announcement = `iifname "p-${node}" ether type arp arp saddr ip ${vip} arp daddr ip ${vip}`;
    await this.#nft('lan', `flush chain bridge lab faults; add rule bridge lab faults ${announcement} drop`);
  }

  /** Ends every fault on the bridge. */
  async heal(): Promise<void> {
    await this.#nft('lan', 'flush chain bridge lab faults');
  }

  /** A firewall on the node that lets in what it has seen begin, and resets nothing. */
  async guard(node: NodeName): Promise<void> {
    const known = 'ct state established,related accept; add rule ip lab in meta l4proto tcp';
    await this.#nft(
      node,
      `add table ip lab; add chain ip lab in { type filter hook input priority 0; }; add rule ip lab in ${known} tcp flags & (fin|syn|rst|ack) != syn drop`,
    );
  }

  async unguard(node: NodeName): Promise<void> {
    await this.#nft(node, 'delete table ip lab');
  }

  /** Whether the VIP is an address of the node. */
  async holdsVip(node: NodeName): Promise<boolean> {
    const shown = await run('ip', '-n', this.namespaceOf(node), '-4', '-o', 'addr', 'show', 'dev', 'eth0');
    return shown.includes(`${addresses.vip}/`);
  }

  async #fault(...rules: string[]): Promise<void> {
    await this.#nft('lan', rules.map((rule) => `add rule bridge lab faults ${rule}`).join('; '));
  }

  async #nft(place: Place | 'lan', orders: string): Promise<void> {
    await run('ip', 'netns', 'exec', this.namespaceOf(place), 'nft', orders);
  }
}
