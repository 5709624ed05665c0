// The table of faults between the clients and the gateway.
import { test } from 'node:test';
import { startPlace } from './place.ts';
import { Play } from './play.ts';
import { type Cell, cellsOf } from './table.ts';

const hastyMs = 1_500;
const lostMs = 2_000;

test('every promise holds whatever befalls an exchange or a connection between a client and the gateway', async () => {
  await using place = await startPlace({ network: 63 });
  const play = new Play(place, cellsOf('client'), {
    isHeldDuring: false,
    hasOwnDoors: true,
    sending: (cell, { opened }) => {
      // What is hit on its way there in a replay was sent before, on a way where nothing is hit, and is sent again now.
      const isSentBefore = (attempt: number): boolean => cell.phase === 'replay' && isHitThere(cell) && attempt === 1;
      return {
        calling: (attempt) => {
          const port = isSentBefore(attempt) ? place.gateway.northbound.port : play.doorOf(cell.mark);
          return place.calling(port === undefined ? {} : { port });
        },
        patienceMs: (attempt) => (isSentBefore(attempt) ? lostMs : hastyMs),
        again: () => (cell.phase === 'replay' && isHitThere(cell) ? opened : Promise.resolve()),
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
