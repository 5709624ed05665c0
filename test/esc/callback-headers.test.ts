// The gateway's own callback URLs in place of the client's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { callbackUrls, wantedChannels, withCallbackUrls } from '../../src/esc/callback-headers.ts';

const ours = { callback: 'http://gateway/c', events: 'http://gateway/e' };

test('the client’s URLs are found in every spelling; without one for events they go to Callback', () => {
  assert.deepEqual(callbackUrls(['CALLBACK', 'http://c/', 'Callback_ESC_Events', ' http://e/ ']), {
    callback: 'http://c/',
    events: 'http://e/',
  });
  assert.deepEqual(callbackUrls(['Callback', 'http://c/']), { callback: 'http://c/', events: 'http://c/' });
  assert.deepEqual(callbackUrls(['Callback-ESC-Events', 'http://e/']), { callback: null, events: 'http://e/' });
  assert.deepEqual(callbackUrls(['Callback', ' ', 'X', 'Callback']), { callback: null, events: null });
});

test('what a client wants follows from the URLs it gave', () => {
  assert.deepEqual(wantedChannels(callbackUrls(['Callback', 'http://c/'])), ['callback', 'events']);
  assert.deepEqual(wantedChannels(callbackUrls(['callback-esc-events', 'http://e/'])), ['events']);
  assert.deepEqual(wantedChannels(callbackUrls([])), []);
});

test('the gateway’s URLs stand where the client’s stood, in the client’s spelling', () => {
  const headers = ['Accept', '*/*', 'CALLBACK', 'http://c/', 'X', 'y', 'callback_esc_events', 'http://e/', 'Z', ''];
  const before = [...headers];
  assert.deepEqual(withCallbackUrls(headers, ours), [
    ...['Accept', '*/*', 'CALLBACK', ours.callback, 'X', 'y', 'callback_esc_events', ours.events, 'Z', ''],
  ]);
  assert.deepEqual(headers, before);
});

test('they are added where the client gave none, events only if there are any', () => {
  const added = ['X', 'y', 'Callback', ours.callback];
  assert.deepEqual(withCallbackUrls(['X', 'y'], { ...ours, events: null }), added);
  assert.deepEqual(withCallbackUrls(['X', 'y'], ours), [...added, 'Callback-ESC-Events', ours.events]);
});

test('whatever a client sends, no URL of its own goes to ESC, and every other field stays as it is', () => {
  const name = fc.constantFrom(
    'Callback',
    'callback',
    'CALLBACK',
    'Callback-ESC-Events',
    'CALLBACK_ESC_EVENTS',
    'X',
    'Callbacks',
  );
  const field = fc.tuple(name, fc.constantFrom('http://client/', '', 'other'));
  const isOther = (each: string) => each === 'X' || each === 'Callbacks';
  fc.assert(
    fc.property(fc.array(field), fc.boolean(), (fields, hasEvents) => {
      const urls = { ...ours, events: hasEvents ? ours.events : null };
      const after = withCallbackUrls(fields.flat(), urls);
      const pairs = after.flatMap((text, index) => (index % 2 === 0 ? [[text, after[index + 1] ?? '']] : []));
      const own = pairs.filter(([each = '']) => !isOther(each)).map(([, value]) => value);
      assert.deepEqual(new Set(own), new Set(hasEvents ? [urls.callback, urls.events] : [urls.callback]));
      assert.equal(own.length, hasEvents ? 2 : 1);
      const others = fields.filter(([each]) => isOther(each));
      assert.deepEqual(
        pairs.filter(([each = '']) => isOther(each)),
        others,
      );
    }),
  );
});
