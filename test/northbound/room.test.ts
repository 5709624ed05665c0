// How many attempts may be marked in flight at once: what ESC has sockets for, and what will get one soon (R32).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Room } from '../../src/northbound/room.ts';

const filled = (room: Room): number => {
  let count = 0;
  while (count < 1000 && room.take()) count += 1;
  return count;
};

test('before ESC has answered anything there is room for as many as there are sockets', () => {
  const room = new Room({ connections: 4, waitMaxMs: 1000 });
  assert.equal(filled(room), 4);
  room.leave();
  assert.equal(filled(room), 1);
});

test('a fast ESC makes more room, and one that is slow again takes it back before it answers', () => {
  let at = 0;
  const room = new Room({ connections: 4, waitMaxMs: 40, clock: () => at });
  room.begun()();
  assert.equal(filled(room), 4 * 41, 'a millisecond each');
  const ended = room.begun();
  at += 50;
  for (let left = 0; left < 4 * 41 - 4; left += 1) room.leave();
  assert.equal(filled(room), 0, 'the oldest has no answer for so long that the next would wait too long');
  ended();
  assert.equal(filled(room), 0, 'and that is what ESC takes from now on');
});

test('who left is told on', () => {
  const room = new Room({ connections: 1, waitMaxMs: 1 });
  let left = 0;
  room.onLeft = () => {
    left += 1;
  };
  room.take();
  room.leave();
  assert.deepEqual([left, room.hasRoom], [1, true]);
});
