// When a row of probes turns a verdict: `rise`, `fall`, and doubt in between.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Health, isInDoubt, type Observation, observed, unobserved } from '../../src/domain/health.ts';
import { says } from './pair-play.ts';

const turning = { rise: 2, fall: 3 };
const wordOf = { ready: 'ready', starting: 'init', down: 'silence' } as const;
const letters = { r: 'ready', s: 'starting', d: 'down' } as const;

const observation = (health: Health, at: number): Observation => ({ ...says[wordOf[health]], at, endedAt: at + 5 });

function verdictOf(heard: readonly Health[], by = turning) {
  return heard.reduce((verdict, health, at) => observed(verdict, observation(health, at), by), unobserved(-1));
}

/** Observations a letter each, and what is concluded after each of them. */
const rows: [what: string, heard: string, verdicts: string][] = [
  ['READY needs two in a row', 'rr', 'dr'],
  ['one READY between others concludes nothing', 'drsrdrr', 'ddssddr'],
  ['READY is lost at the third that is not', 'rrdsd', 'drrrd'],
  ['two in a row that are not READY change nothing', 'rrddrddrssr', 'drrrrrrrrrr'],
  ['below READY the last one counts', 'dsdss', 'dsdss'],
  ['what turns READY gives its own verdict', 'rrdds', 'drrrs'],
];

for (const [what, heard, verdicts] of rows) {
  test(`${what} (${heard})`, () => {
    const words = [...heard].map((letter) => letters[letter as 'r' | 's' | 'd']);
    const concluded = words.map((_, at) => verdictOf(words.slice(0, at + 1)).health);
    assert.equal(concluded.map((health) => health[0]).join(''), verdicts);
  });
}

test('a verdict is in doubt while the newest speak against it, and knows since when it stands', () => {
  assert.equal(isInDoubt(unobserved(0)), false);
  const stands = verdictOf(['ready', 'ready', 'ready']);
  assert.deepEqual([isInDoubt(stands), stands.since], [false, 6]);
  const shaken = observed(stands, observation('down', 10), turning);
  assert.deepEqual([shaken.health, isInDoubt(shaken), shaken.since], ['ready', true, 6]);
  assert.equal(isInDoubt(observed(shaken, observation('ready', 11), turning)), false);
});

test('with rise and fall of one every probe decides', () => {
  const words: Health[] = ['ready', 'down', 'ready', 'starting'];
  for (let at = 1; at <= words.length; at += 1) {
    assert.equal(verdictOf(words.slice(0, at), { rise: 1, fall: 1 }).health, words[at - 1]);
  }
});

test('whatever is heard, a verdict turns exactly when so many in a row are against it', () => {
  const word = fc.constantFrom<Health>('ready', 'starting', 'down');
  const count = fc.integer({ min: 1, max: 5 });
  const property = fc.property(fc.array(word, { maxLength: 60, size: 'max' }), count, count, (heard, rise, fall) => {
    let isReady = false;
    let row = 0;
    heard.forEach((health, at) => {
      row = (health === 'ready') === isReady ? 0 : row + 1;
      if (row === (isReady ? fall : rise)) [isReady, row] = [!isReady, 0];
      const verdict = verdictOf(heard.slice(0, at + 1), { rise, fall });
      assert.deepEqual([verdict.health === 'ready', verdict.against], [isReady, row]);
    });
  });
  fc.assert(property);
});
