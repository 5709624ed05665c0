/**
 * One node's real keepalived: its configuration, the two scripts that it calls, and its process. Its word starts and
 * ends the node's services; whether the VIP is an address of the node decides which, because keepalived runs notify
 * scripts side by side and their order is not to be trusted (reference/lab.md 5.2).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, keepalivedHealthPort, type NodeName, prefixLength } from './network.ts';

/** How a pair's keepalived is set up. */
export interface Vrrp {
  readonly transport: 'unicast' | 'multicast';
  /** Whether the node with the higher priority takes the VIP back when it returns. */
  readonly preempts: boolean;
}

export interface KeepalivedOptions {
  readonly node: NodeName;
  readonly vrrp: Vrrp;
  /** Words before a command that is to run in the node's namespace. */
  readonly inside: readonly string[];
  /** The node's folder: configuration, logs, the pid and the mark of its services. */
  readonly folder: string;
  /** The command of the node's services. */
  readonly services: readonly string[];
}

const advertSeconds = 0.2;
const priorities: Readonly<Record<NodeName, number>> = { esc1: 101, esc2: 100 };

export class Keepalived {
  readonly #options: KeepalivedOptions;
  #process: ChildProcess | null = null;

  constructor(options: KeepalivedOptions) {
    this.#options = options;
    const script = (name: string, text: string): void => writeFileSync(this.#file(name), text, { mode: 0o755 });
    writeFileSync(this.#file('keepalived.conf'), configuration(options), { mode: 0o600 });
    script('notify', notifyScript(options));
    script('check', checkScript(options));
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  /** Where it is already running, nothing happens. */
  start(): void {
    if (this.#process !== null) return;
    // keepalived refuses to start while its pid file names a process, dead ones that nobody noticed included.
    for (const name of ['parent.pid', 'child.pid']) rmSync(this.#file(name), { force: true });
    const log = openSync(this.#file('keepalived.log'), 'a');
    const files = ['-f', this.#file('keepalived.conf'), '-p', this.#file('parent.pid'), '-r', this.#file('child.pid')];
    const [command = '', ...given] = [...this.#options.inside, 'keepalived', '-n', '-l', '-D', '-P', '-G', ...files];
    const child = spawn(command, given, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#process = child;
    child.once('exit', () => {
      if (this.#process === child) this.#process = null;
    });
  }

  /** SIGTERM: it gives the VIP up and says so to the other node. Resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#end((child) => child.kill('SIGTERM'));
  }

  /** It dies and cannot tidy up: the VIP stays where it is. Its parent would start its child again, and goes first to sleep. */
  async crash(): Promise<void> {
    await this.#end((parent) => {
      parent.kill('SIGSTOP');
      this.#signalChild('SIGKILL');
      parent.kill('SIGKILL');
    });
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
    this.#signalChild('SIGSTOP');
  }

  thaw(): void {
    this.#signalChild('SIGCONT');
    this.#process?.kill('SIGCONT');
  }

  async #end(how: (child: ChildProcess) => void): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    const gone = once(child, 'exit');
    how(child);
    await gone;
  }

  #signalChild(signal: NodeJS.Signals): void {
    try {
      process.kill(Number(readFileSync(this.#file('child.pid'), 'utf8')), signal);
    } catch (error) {
      appendFileSync(this.#file('keepalived.log'), `lab: ${signal}: ${(error as Error).message}\n`);
    }
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }
}

const peerOf = (node: NodeName): NodeName => (node === 'esc1' ? 'esc2' : 'esc1');

function configuration({ node, vrrp, folder }: KeepalivedOptions): string {
  const unicast = `unicast_src_ip ${addresses[node]}\n    unicast_peer {\n        ${addresses[peerOf(node)]}\n    }`;
  return `global_defs {
    router_id ${node}
    script_user root
    enable_script_security
    vrrp_version 3
    vrrp_rt_priority 50
}
vrrp_script health {
    script "${folder}/check"
    interval 0.5
    timeout 2
    fall 2
    rise 2
}
vrrp_instance VI_1 {
    state BACKUP
    ${vrrp.preempts ? '' : 'nopreempt'}
    interface eth0
    virtual_router_id 51
    priority ${priorities[node]}
    advert_int ${advertSeconds}
    ${vrrp.transport === 'unicast' ? unicast : ''}
    virtual_ipaddress {
        ${addresses.vip}/${prefixLength} dev eth0
    }
    track_script {
        health
    }
    notify ${folder}/notify
}
`;
}

/** Called by keepalived with INSTANCE, its name, the state and the priority. */
function notifyScript({ folder, services }: KeepalivedOptions): string {
  const command = services.map((word) => `'${word}'`).join(' ');
  return `#!/bin/bash
exec 9> ${folder}/lock
flock 9
echo "$(date +%s%3N) $3" >> ${folder}/notify.log
pid=$(cat ${folder}/services.pid 2> /dev/null)
if ip -4 -o addr show dev eth0 | grep -q ' ${addresses.vip}/'; then
  # A dead one that nobody has taken notice of yet is in the list of processes still.
  [ -n "$pid" ] && grep -q '^State:.[^ZX]' "/proc/$pid/status" 2> /dev/null && exit 0
  rm -f ${folder}/ready
  setsid ${command} < /dev/null >> ${folder}/services.log 2>&1 9>&- &
  echo $! > ${folder}/services.pid
else
  [ -n "$pid" ] && kill -KILL "$pid" 2> /dev/null
  rm -f ${folder}/ready ${folder}/services.pid
fi
exit 0
`;
}

/** What has never been READY cannot have failed: a node that follows, or whose services are starting, is well. */
function checkScript({ node, folder }: KeepalivedOptions): string {
  return `#!/bin/bash
[ -e ${folder}/ready ] || exit 0
exec 3<> /dev/tcp/${addresses[node]}/${keepalivedHealthPort} || exit 1
printf 'GET /esc/health HTTP/1.0\\r\\nAccept: application/json\\r\\n\\r\\n' >&3
timeout 1 cat <&3 | grep -q '"status_code":2'
`;
}
