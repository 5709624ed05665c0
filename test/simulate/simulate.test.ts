// The promises in a simulated world: some hundred seeds of switchovers, crashes and freezes, on virtual time.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runFleet } from './fleet.ts';
import type { Verdict } from './run.ts';

const seeds = 60;

suite('the simulated world', () => {
  test('every promise is kept, whatever a seed does to pair, journal, network and gateways', async () => {
    const broken: string[] = [];
    let switchovers = 0;
    await runFleet({ from: 1, count: seeds }, ({ seed, violations, switchovers: each }) => {
      switchovers += each;
      broken.push(...violations.map((violation) => `seed ${seed}: ${violation}`));
    });
    assert.deepEqual(broken, []);
    assert.ok(switchovers > 2 * seeds, `only ${switchovers} switchovers`);
  });

  test('a seed is the same again, to the byte', async () => {
    const stories: string[][] = [];
    const tell = ({ story, seed, digest }: Verdict): void => void stories.push([String(seed), digest, ...story]);
    for (let time = 0; time < 2; time += 1) {
      await runFleet({ from: 3, count: 1, isTold: true }, tell);
    }
    const [first = [], second = []] = stories;
    assert.ok(first.length > 200, 'too little is told for a proof');
    assert.equal(second.join('\n'), first.join('\n'));
  });
});
