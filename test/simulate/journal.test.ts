// The journal of the simulated world keeps the contract of the journal, on its way through a link and with the delays of
// one. Sealing is not played there: its bodies are plain.
import Queue from 'tinyqueue';
import { randomOf } from '../chaos/random.ts';
import { type Place, placeOf, type Store } from '../journal/contract.ts';
import { housekeeping } from '../journal/contract-housekeeping.ts';
import { order } from '../journal/contract-order.ts';
import { queries } from '../journal/contract-queries.ts';
import { reportsAndDeliveries } from '../journal/contract-reports.ts';
import { restoring } from '../journal/contract-restoring.ts';
import { writes } from '../journal/contract-writes.ts';
import { type Clock, type Event, Owner } from './clock.ts';
import { JournalServer } from './journal-server.ts';
import { memoryDatabase, memoryJournal } from './journal-store.ts';

const due = new Queue<Event>([], (a, b) => a.at - b.at || a.order - b.order);
let last = 0;
/** When the time was asked for last: what is said to be so much later is later than that. */
let asked = 0;
const askedMaxMs = 5;

function happen(): void {
  for (let event = due.peek(); event !== undefined && event.at <= performance.now(); event = due.peek()) {
    due.pop();
    if (!event.isCancelled) event.run();
  }
}

/** The machine's time, as the world has its own: events come in the order in which they are due. */
const machine = {
  get now() {
    asked = performance.now();
    return asked;
  },
  after(delayMs: number, owner: Owner | null, run: () => void): Event {
    last += 1;
    // Who did not ask for the time just now counts from now.
    const from = Math.max(asked, performance.now() - askedMaxMs);
    const event = { at: from + delayMs, order: last, owner, run, isCancelled: false };
    due.push(event);
    setTimeout(happen, delayMs + 1);
    return event;
  },
} as unknown as Clock;

async function memoryPlace(): Promise<Place> {
  const database = memoryDatabase();
  const nothing = (): void => undefined;
  const open = async () => {
    const store = memoryJournal(database, Date.now);
    const options = {
      store,
      database,
      clock: machine,
      random: randomOf(1),
      tell: nothing,
      complain: nothing,
      moved: nothing,
    };
    return new JournalServer(options).link(new Owner('replica')).journal;
  };
  const options = {
    url: { kind: 'sqlite', path: ':memory:' },
    name: 'default',
    durability: { kind: 'always' },
    allowWeaker: false,
    oldKeys: [],
    plaintext: true,
  } as const;
  return placeOf(options, open, async () => database.close());
}

const store: Store = { skip: false, place: memoryPlace };
writes(store);
order(store);
queries(store);
reportsAndDeliveries(store);
housekeeping(store);
restoring(store);
