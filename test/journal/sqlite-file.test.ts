// What is particular to a journal in one file: its lock, its key file, and what can be wrong with it.
import assert from 'node:assert/strict';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';
import { filePlace, pathOf } from './file-place.ts';
import { held, kept, text } from './samples.ts';
import { startWriting } from './writing.ts';

suite('an embedded journal', () => {
  test('a second gateway on the same file is refused at once, in this process and in another', async () => {
    await using here = await filePlace();
    const journal = await here.open();
    await assert.rejects(here.open(), /is in use by another process: an embedded journal has one gateway/);
    await journal.close();
    await using writing = startWriting(here.options);
    await writing.reaches(1);
    const before = performance.now();
    await assert.rejects(here.open(), /is in use by another process/);
    assert.ok(performance.now() - before < 30_000);
  });

  test('everything that was confirmed is there after SIGKILL at any moment, and the lock is gone with the process', async () => {
    await using here = await filePlace();
    for (let time = 0; time < 4; time += 1) {
      await using writing = startWriting(here.options, `run${time}`);
      await writing.reaches(20 + Math.floor(Math.random() * 400));
      await writing.kill9();
      const journal = await here.open();
      assert.ok(writing.created().length >= 20);
      for (const id of writing.created()) {
        assert.equal((await journal.get(id))?.state.status, 'in-flight', id);
        assert.equal((await journal.body(id, 'request'))?.length, 2048, id);
      }
      await journal.close();
    }
  });

  test('a full disk makes writes unavailable; reads go on and nothing crashes', async () => {
    await using here = await filePlace();
    await (await here.open()).close();
    // A file may grow to 400 blocks of 512 bytes: the same to SQLite as a disk without room.
    await using writing = startWriting(here.options, 't', 'ulimit -f 400;');
    await writing.ended();
    assert.ok(writing.created().length > 0);
    assert.match(writing.lines.at(-2) ?? '', /^unavailable .*(full|I\/O error)/);
    assert.equal(writing.lines.at(-1), `still lists ${Math.min(10, writing.created().length)}`);
    assert.equal(writing.child.exitCode, 0);
    const journal = await here.open();
    for (const id of writing.created()) assert.notEqual(await journal.get(id), null, id);
  });

  test('a file that is no database, another program’s, or of a later format is refused with a sentence', async () => {
    await using here = await filePlace();
    const path = pathOf(here);
    await writeFile(path, 'nothing that SQLite would know, but long enough to be looked at'.repeat(20));
    await assert.rejects(here.open(), /is damaged or not a database .*restore a copy, or move it away/);
    await rm(path);
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE theirs (x)');
    other.close();
    await assert.rejects(here.open(), /is a database of another program/);
    await rm(path);
    await (await here.open()).close();
    const later = new DatabaseSync(path);
    later.exec('PRAGMA user_version = 3');
    later.close();
    await assert.rejects(here.open(), /is of format 3; this Northgate reads format 2/);
  });

  test('a file of an earlier format is taken over with what it holds', async () => {
    await using here = await filePlace();
    const journal = await here.open();
    const made = await kept(journal, held());
    await journal.close();
    const earlier = new DatabaseSync(pathOf(here));
    earlier.exec(`DROP TABLE leases; CREATE TABLE leases (replica TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;
      PRAGMA user_version = 1;`);
    earlier.close();
    const again = await here.open();
    assert.equal((await again.get(made.id))?.id, made.id);
    assert.equal(await again.renewLease('replica-1', 1000), 'renewed');
  });

  test('a file damaged in its middle gives errors, not wrong records and not a crash', async () => {
    await using here = await filePlace();
    const journal = await here.open();
    for (let at = 0; at < 200; at += 1) await kept(journal, held({ id: `t${at}` }));
    await journal.close();
    const path = pathOf(here);
    const file = await readFile(path);
    await writeFile(path, file.fill(0xa5, 4096 * 3));
    await assert.rejects(async () => {
      const damaged = await here.open();
      await damaged.list({ limit: 1000 });
    }, /damaged|malformed|cannot be read/);
  });

  test('a directory that is missing, or is none, is said', async () => {
    await using here = await filePlace();
    const path = pathOf(here);
    await assert.rejects(
      here.open({ url: { kind: 'sqlite', path: `${path}/missing/x.db` } }),
      /its directory does not exist/,
    );
    await writeFile(path, '');
    await assert.rejects(here.open({ url: { kind: 'sqlite', path: `${path}/x.db` } }), /its directory does not exist/);
  });

  test('it promises that a confirmed write is on disk', async () => {
    await using here = await filePlace();
    const journal = await here.open({ durability: { kind: 'everysec' } });
    assert.deepEqual(await journal.durability(), { promised: 'always', kept: true, detail: '' });
  });
});

suite('the key file', () => {
  test('it is made beside the database, for its owner only, and opens what was sealed', async () => {
    await using here = await filePlace();
    const path = pathOf(here);
    const first = await here.open();
    const made = await kept(first, held());
    await first.close();
    for (const file of [path, `${path}.key`]) assert.equal((await stat(file)).mode & 0o777, 0o600, file);
    assert.equal((await stat(`${path}.key`)).size, 32);
    assert.ok(!(await readFile(path)).includes('hello'), 'the body is readable on disk');
    assert.equal(text(await (await here.open()).body(made.id, 'request')), 'hello');
  });

  test('a journal whose key file vanished is refused, and no new key is made', async () => {
    await using here = await filePlace();
    const path = pathOf(here);
    await (await here.open()).close();
    await rm(`${path}.key`);
    await assert.rejects(here.open(), /is sealed with key [0-9a-f]{8}, which is not here: put .*\.key back/);
    await assert.rejects(stat(`${path}.key`), { code: 'ENOENT' });
  });

  test('a key file that others may read, or that has not 32 bytes, is refused', async () => {
    await using here = await filePlace();
    const path = `${pathOf(here)}.key`;
    await (await here.open()).close();
    await chmod(path, 0o640);
    await assert.rejects(here.open(), /can be read by others \(mode 0640\): chmod 600 it/);
    await chmod(path, 0o600);
    await writeFile(path, new Uint8Array(33));
    await assert.rejects(here.open(), /has 33 bytes; a key has 32/);
  });

  test('a journal that began with a key file goes on under a configured key', async () => {
    await using here = await filePlace();
    const first = await here.open();
    const made = await kept(first, held());
    await first.close();
    const journal = await here.open({ key: new Uint8Array(32).fill(3) });
    assert.equal(text(await journal.body(made.id, 'request')), 'hello');
  });
});
