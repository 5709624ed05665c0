// A process that creates transactions until it is killed or refused: `created ID` a line for each that the journal
// confirmed, then `unavailable WHY`, and what can still be read. Arguments: options as JSON, a prefix of the ids.
import { openJournal } from '../../src/journal/open.ts';
import { held, toSend } from './samples.ts';

const [options = '', prefix = 't'] = process.argv.slice(2);
const journal = await openJournal(JSON.parse(options));
console.log('open');

const request = new Uint8Array(2048).fill(7);
let next = 0;
let refusal: string | undefined;
const write = async (): Promise<void> => {
  while (refusal === undefined) {
    const id = `${prefix}-${next++}`;
    const said = await journal.create({ ...toSend(held({ id, key: id })), request });
    if (said.word === 'created') console.log(`created ${id}`);
    else refusal = `${said.word} ${said.word === 'unavailable' ? String(said.cause) : ''}`;
  }
};
await Promise.all(Array.from({ length: 8 }, write));
console.log(refusal);
const listed = await journal.list({ limit: 10 }).catch(() => []);
console.log(`still lists ${listed.length}`);
await journal.close();
