// The table of faults between the gateway and the clients' receivers of reports.
import { test } from 'node:test';
import { startPlace } from './place.ts';
import { Play } from './play.ts';
import { cellsOf } from './table.ts';

const everyMs = 200;
const originCount = 6;

test('every promise holds whatever befalls a report on its way to the client', async () => {
  await using place = await startPlace({ number: 0 });
  const cells = cellsOf('deliveries');
  // The gateway delivers eight at once to one origin, and more are held at a time.
  const ways = await Promise.all(
    Array.from({ length: originCount }, () => place.doorTo('deliveries', { isHit: true })),
  );
  const wayOf = (mark: string): number | undefined => ways[Math.floor(Number(mark.slice(-4)) / 8) % originCount]?.port;
  const play = new Play(place, cells, {
    isHeldDuring: true,
    hasOwnDoors: true,
    sending: ({ mark }) => ({
      calling: () => {
        const callbackPort = play.doorOf(mark) ?? wayOf(mark);
        return place.calling(callbackPort === undefined ? {} : { callbackPort });
      },
    }),
  });
  // A door is opened when the gateway has found it shut often enough, which its record says.
  const openDoors = async (): Promise<void> => {
    const open = await place.gateway.journal.open({ afterSequence: 0, limit: 1_000 });
    for (const { path, reports } of open) {
      const mark = path.split('/').at(-1) ?? '';
      const tries = reports.map(({ delivery }) => ('tries' in delivery ? delivery.tries : 0));
      if (Math.max(0, ...tries) >= (play.cells.get(mark)?.times ?? 1)) await play.openDoor(mark);
    }
  };
  const timer = setInterval(() => void openDoors(), everyMs);
  try {
    await play.run();
    await play.judged();
  } finally {
    clearInterval(timer);
  }
});
