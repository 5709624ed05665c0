// The table of faults between ESC and the gateway: ESC's reports.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isOfDoor, playDoors } from './door-slices.ts';
import { orderOf } from './orders.ts';
import { startPlace } from './place.ts';
import { Play } from './play.ts';
import { cellsOf, doors, times } from './table.ts';

const cells = cellsOf('reports');
const slices = doors.flatMap((fault) => times.map((count) => ({ fault, count })));

suite('between ESC and the gateway', { concurrency: true }, () => {
  test('every promise holds whatever befalls the report that ends an operation', async () => {
    await using place = await startPlace({ number: 0 });
    const isMeant = (cell: (typeof cells)[number]) => {
      const { ends } = orderOf(cell);
      return (request: string) => request.includes(ends);
    };
    const play = new Play(place, cells, { isHeldDuring: true, hasOwnDoors: false, isMeant });
    await play.run();
    await play.judged();
  });

  // Each slice leaves something that is sent again with ever longer pauses, so each has a place of its own.
  for (const [index, { fault, count }] of slices.entries()) {
    test(`every promise holds when ESC’s connections are turned away: ${fault}, ${count} times`, async () => {
      await using place = await startPlace({ number: 1 + index });
      const { pair } = place;
      const struck = cells.filter((cell) => isOfDoor(cell, fault, count));
      assert.ok(struck.length > 0);
      const play = new Play(place, struck, { isHeldDuring: true, hasOwnDoors: false });
      // What was set up reports to nobody.
      const sent = (mark: string) =>
        pair.requests.filter(({ path, headers }) => path.endsWith(mark) && headers.callback);
      const isDone = (mark: string): boolean =>
        sent(mark).some(({ transaction }) => pair.ledger.some((effect) => effect.transaction === transaction));
      await playDoors(play, {
        link: 'reports',
        isStruck: (slice, times, phase) => {
          if (phase === 'during') return slice.every(({ mark }) => sent(mark).length > 0);
          return times === 1 ? slice.some(({ mark }) => isDone(mark)) : slice.every(({ mark }) => isDone(mark));
        },
      });
      if (fault === 'reset-while-connecting') assert.ok(place.proxies.reports.turnedAway > 0);
      await play.judged();
    });
  }
});
