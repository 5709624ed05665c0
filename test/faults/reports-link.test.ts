// The table of faults between ESC and the gateway: ESC's reports.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { playDoors } from './door-slices.ts';
import { orderOf } from './orders.ts';
import { startPlace } from './place.ts';
import { Play } from './play.ts';
import { cellsOf } from './table.ts';

const cells = cellsOf('reports');

suite('between ESC and the gateway', { concurrency: true }, () => {
  test('every promise holds whatever befalls the report that ends an operation', async () => {
    await using place = await startPlace({ network: 65 });
    const isMeant = (cell: (typeof cells)[number]) => {
      const { ends } = orderOf(cell);
      return (request: string) => request.includes(ends);
    };
    const play = new Play(place, cells, { isHeldDuring: true, hasOwnDoors: false, isMeant });
    await play.run();
    await play.judged();
  });

  test('every promise holds when ESC cannot connect, or is reset before a byte is read', async () => {
    await using place = await startPlace({ network: 66 });
    const { pair } = place;
    const play = new Play(place, cells, { isHeldDuring: true, hasOwnDoors: false });
    // What was set up reports to nobody.
    const sent = (mark: string) => pair.requests.filter(({ path, headers }) => path.endsWith(mark) && headers.callback);
    const isDone = (mark: string): boolean =>
      sent(mark).some(({ transaction }) => pair.ledger.some((effect) => effect.transaction === transaction));
    await playDoors(play, {
      link: 'reports',
      isStruck: (slice, count, phase) => {
        if (phase === 'during') return slice.every(({ mark }) => sent(mark).length > 0);
        return count === 1 ? slice.some(({ mark }) => isDone(mark)) : slice.every(({ mark }) => isDone(mark));
      },
    });
    assert.ok(place.proxies.reports.turnedAway > 0);
    await play.judged();
  });
});
