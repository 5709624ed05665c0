// Bodies at rest: sealed, opened by old keys, refused with a sentence where no key opens them.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Store } from './contract.ts';
import { held, kept, text } from './samples.ts';

const first = new Uint8Array(32).fill(1);
const second = new Uint8Array(32).fill(2);

export function sealing({ skip, place }: Store): void {
  suite('sealing', { skip }, () => {
    test('a journal does not open without the key that it is sealed with', async () => {
      await using here = await place();
      const journal = await here.open({ key: first });
      await kept(journal, held());
      await journal.close();
      await assert.rejects(
        here.open({ key: second }),
        /sealed with key [0-9a-f]{8}, which is not here.*journal\.oldKeys/,
      );
    });

    test('an old key opens what it sealed, and the new one seals what comes', async () => {
      await using here = await place();
      const before = await here.open({ key: first });
      const old = await kept(before, held());
      await before.close();
      const journal = await here.open({ key: second, oldKeys: [first] });
      const recent = await kept(journal, held());
      assert.equal(text(await journal.body(old.id, 'request')), 'hello');
      assert.equal(text(await journal.body(recent.id, 'request')), 'hello');
      await journal.close();
      await assert.rejects(here.open({ key: first }), /sealed with key/);
      const later = await here.open({ key: second });
      assert.equal(text(await later.body(recent.id, 'request')), 'hello');
      await assert.rejects(later.body(old.id, 'request'), /journal\.oldKeys does not have/);
    });

    test('bodies are kept plain only where that was asked, and stay readable when a key comes', async () => {
      await using here = await place();
      const plain = await here.open({ key: null, plaintext: true });
      const made = await kept(plain, held());
      assert.equal(text(await plain.body(made.id, 'request')), 'hello');
      await plain.close();
      const sealed = await here.open({ key: first });
      assert.equal(text(await sealed.body(made.id, 'request')), 'hello');
    });

    test('a key of another length than 32 bytes is refused', async () => {
      await using here = await place();
      await assert.rejects(here.open({ key: new Uint8Array(31) }), /32 bytes, not 31/);
    });
  });
}
