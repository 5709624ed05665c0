// The table of faults between the clients and the gateway.
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startPlace } from './place.ts';
import { Play } from './play.ts';
import { type Cell, cellsOf } from './table.ts';

/** As long as something may befall its tries, and afterwards longer than `hold.timeout`. */
const hastyMs = 1_500;
const hastyTries = 5;
const patientMs = 20_000;
const openedMaxMs = 10_000;

test('every promise holds whatever befalls an exchange or a connection between a client and the gateway', async () => {
  await using place = await startPlace({ number: 0 });
  // On it nothing is hit until it is cut as a whole, while the gate is shut.
  const firstWay = await place.doorTo('client');
  const play = new Play(place, cellsOf('client'), {
    isHeldDuring: false,
    hasOwnDoors: true,
    isShut: async () => {
      await firstWay.become('refused');
      await firstWay.become('open');
    },
    sending: (cell, { opened }) => {
      // What is hit on its way there in a replay was sent before, and is sent again now.
      const isSentBefore = (attempt: number): boolean => cell.phase === 'replay' && isHitThere(cell) && attempt === 1;
      return {
        calling: (attempt) => {
          const port = isSentBefore(attempt) ? firstWay.port : play.doorOf(cell.mark);
          return place.calling(port === undefined ? {} : { port });
        },
        patienceMs: (attempt) => (isSentBefore(attempt) || attempt > hastyTries ? patientMs : hastyMs),
        again: () =>
          cell.phase === 'replay' && isHitThere(cell) ? Promise.race([opened, pause(openedMaxMs)]) : Promise.resolve(),
        tried: async (tries) => {
          const through = cell.phase === 'replay' ? tries - 1 : tries;
          if (through >= cell.times) await play.openDoor(cell.mark);
        },
        isPage: ({ status, problem, transaction }) =>
          (status === 404 || status === 503) && problem === undefined && transaction === undefined,
      };
    },
  });
  await play.run();
  await play.judged();
});

const isHitThere = ({ hit }: Cell): boolean => 'door' in hit || hit.way === 'there';
