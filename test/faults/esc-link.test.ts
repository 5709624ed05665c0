// The table of faults between the gateway and ESC.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { haveAttempts, playDoors } from './door-slices.ts';
import { startPlace } from './place.ts';
import { Play } from './play.ts';
import { cellsOf } from './table.ts';

const cells = cellsOf('esc');
/** Its silence is played here, and waited for; a machine that stalls must not be taken for it, attempt after attempt. */
const silent = { NORTHGATE_ESC_TIMEOUTS_RESPONSE: '5s' };
const rules = { isHeldDuring: true, hasOwnDoors: false };

suite('between the gateway and ESC', { concurrency: true }, () => {
  test('every promise holds whatever befalls an exchange', async () => {
    await using place = await startPlace({ number: 0, settings: silent });
    const play = new Play(place, cells, rules);
    await play.run();
    await play.judged();
  });

  test('every promise holds when connections are refused, or reset before a byte is read', async () => {
    await using place = await startPlace({ number: 1, settings: silent });
    const play = new Play(place, cells, rules);
    const door = place.proxies.esc;
    let turnedAway = door.turnedAway;
    await playDoors(play, {
      link: 'esc',
      isStruck: async (slice, count) => {
        const [first] = slice;
        const isRefusing = first !== undefined && 'door' in first.hit && first.hit.door === 'refused';
        // What was reset may have been sent, so it is looked at first: connections are counted, and not attempts.
        const isStruck = isRefusing
          ? await haveAttempts(play, slice, count)
          : door.turnedAway - turnedAway >= count * slice.length;
        if (isStruck) turnedAway = door.turnedAway;
        return isStruck;
      },
    });
    assert.ok(door.turnedAway > 0);
    await play.judged();
  });
});
