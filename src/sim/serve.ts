// `northgate sim`: a simulated pair in a process of its own, until SIGTERM or SIGINT. One line a listener on stdout. It
// takes orders on the control listener only.

import { readSimConfig } from './config.ts';
import { type SimulatedPair, startPair } from './pair.ts';
import type { PairOptions } from './profiles.ts';

/**
 * Runs a pair as its file says (defaults without one) and resolves when a signal has ended it and everything is closed.
 * Rejects with a `SimConfigError` for a wrong file, and with the system's error for an address that cannot be had.
 */
export async function serveSim(configFile?: string, print: (line: string) => void = console.log): Promise<void> {
  const options: PairOptions = readSimConfig(configFile);
  const pair = await startPair(options);
  for (const line of listenerLines(pair)) print(line);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await pair.close();
}

function listenerLines({ scheme, vip, nodes, ports }: SimulatedPair): string[] {
  const places: [string, string][] = [
    ['VIP', vip],
    ['node 1', nodes[0]],
    ['node 2', nodes[1]],
  ];
  return [
    ...places.map(([name, address]) => `listening rest    ${scheme}://${address}:${ports.rest}/ESCManager (${name})`),
    ...places.map(([name, address]) => `listening health  ${scheme}://${address}:${ports.health}/esc/health (${name})`),
    ...(ports.control === undefined ? [] : [`listening control http://127.0.0.1:${ports.control}`]),
  ];
}
