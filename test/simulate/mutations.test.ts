// Each kept defect of the product is found, and soon: the instrument sees what it is there to see. The seeds are those that
// keep every promise without it (simulate.test.ts).
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runFleet } from './fleet.ts';
import { allMutations } from './mutations.ts';

const seedsMax = 150;

suite('the simulated world finds', { concurrency: 2 }, () => {
  for (const { name, from = 1 } of allMutations.filter(({ isRare }) => isRare !== true)) {
    test(name, async () => {
      const broken: string[] = [];
      const order = { from, count: seedsMax, untilBroken: true, mutation: name, processes: 1 };
      await runFleet(order, ({ violations }) => void broken.push(...violations));
      assert.notEqual(broken.length, 0, `${seedsMax} seeds kept every promise although ${name}`);
    });
  }
});
