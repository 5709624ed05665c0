/**
 * `northgate demo`: the whole story on one machine with nothing configured (contract section 1). This file is the
 * command: its limits, its signals, its exit code, and what it says when it is kept running.
 */
import { once } from 'node:events';
import { vnfsMax, vnfsMin } from './demo/plan.ts';
import { perform } from './demo/play.ts';
import type { Stage } from './demo/stage.ts';
import { tellGate } from './demo/watch.ts';

export interface DemoOptions {
  /** Leaves everything running after the story, until SIGINT or SIGTERM. */
  readonly keep: boolean;
  /** How many deployments are created. */
  readonly vnfs: number;
  /** Standard output on a terminal gets a list that grows; any other stream gets plain lines. */
  readonly output: NodeJS.WritableStream;
}

/**
 * Plays the demo and gives the exit code: 0 if every transaction took effect exactly once, 1 if not, if the story could
 * not be played or was interrupted, 2 for a number of deployments that is out of bounds. Everything is put away then.
 */
export async function runDemo({ keep, vnfs, output }: DemoOptions): Promise<number> {
  if (!Number.isInteger(vnfs) || vnfs < vnfsMin || vnfs > vnfsMax) {
    output.write(`--vnfs must be a number from ${vnfsMin} to ${vnfsMax}\n`);
    return 2;
  }
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort(new Error('interrupted'));
  // Not once(): a listener that removes itself would let the terminal's list end the process before things are put away.
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const { signal } = interruption;
  const afterwards = async (stage: Stage): Promise<void> => {
    if (!keep || signal.aborted) return;
    output.write(invitation(stage));
    tellGate(stage.gateway, (sentence) => output.write(`${sentence}\n`));
    await once(signal, 'abort');
  };
  try {
    return (await perform({ vnfs, output, signal, afterwards })) ? 0 : 1;
  } catch (error) {
    output.write(`The demo ended early: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

function invitation({ pair, gateway }: Stage): string {
  const tenant = '<tenant xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><name>mine</name></tenant>';
  const northbound = `${gateway.northbound.url}/ESCManager/v0/tenants/mine`;
  return [
    '',
    'It goes on running until Ctrl-C. Try a switchover, and a request while it lasts:',
    `  curl -d '{"cause":"dead-vm"}' http://127.0.0.1:${pair.ports.control}/switchover`,
    `  curl -i -H 'Content-Type: application/xml' -d '${tenant}' ${northbound}`,
    'What the operator sees, and what the pair itself knows:',
    `  curl ${gateway.ops.url}/v1/switchovers`,
    `  curl '${gateway.ops.url}/v1/transactions?limit=3'`,
    `  curl http://127.0.0.1:${pair.ports.control}/state`,
    '',
  ].join('\n');
}
