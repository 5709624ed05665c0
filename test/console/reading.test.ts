/** What the console's read models make of records: legible messages without secrets, stories, time lines, aftermaths. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Transaction } from '../../src/domain/transaction.ts';
import type { SwitchoverRecord } from '../../src/journal/journal.ts';
import { fateOf } from '../../src/ops/aftermath.ts';
import { pastOf } from '../../src/ops/history.ts';
import { legible } from '../../src/ops/legible.ts';
import { storyOf } from '../../src/ops/story.ts';
import { held } from '../domain/records.ts';

const message = (head: string, body: string): Buffer => Buffer.from(`${head}\r\n\r\n${body}`);

suite('a recorded message', () => {
  test('in XML is indented, and what is named like a secret is masked at every depth', () => {
    const body =
      '<a><name>n</name><admin_password>hunter2</admin_password><auth><user>u</user></auth><b token="t0ps3cret"/></a>';
    const { body: shown, form, bodyBytes } = legible(message('POST / HTTP/1.1', body));
    assert.equal(form, 'xml');
    assert.equal(bodyBytes, Buffer.byteLength(body));
    assert.match(shown, /<a>\n {2}<name>n<\/name>\n/);
    assert.doesNotMatch(shown, /hunter2|t0ps3cret|>u</);
    assert.match(shown, /<admin_password>\*\*\*<\/admin_password>/);
  });

  test('in JSON keeps its numbers to the last digit, and masks members named like secrets', () => {
    const { body } = legible(
      message(
        'HTTP/1.1 200 ',
        '{"id":10000000000000000001,"rate":1.0,"clientSecret":{"a":"x"},"list":[{"passwd":"y"}]}',
      ),
    );
    assert.match(body, /"id": 10000000000000000001,\n {2}"rate": 1\.0,/);
    assert.doesNotMatch(body, /"x"|"y"/);
  });

  test('shows no user and password of a URL, wherever it stands', () => {
    const url = 'http://cb:s3cret@nfvo.example/cb';
    for (const body of [`<a><url>${url}</url></a>`, `{"url":"${url}"}`, `see ${url}`]) {
      const shown = legible(message(`POST / HTTP/1.1\r\nCallback: ${url}`, body));
      assert.doesNotMatch(shown.head + shown.body, /s3cret/);
      assert.match(shown.head, /Callback: http:\/\/\*\*\*@nfvo\.example\/cb/);
    }
  });

  test('that is neither is text, with values of secret names masked; a document with a DOCTYPE is text too', () => {
    const { body, form } = legible(message('POST / HTTP/1.1', 'password=hunter2&name=n'));
    assert.equal(form, 'text');
    assert.equal(body, 'password=***&name=n');
    const entities = '<!DOCTYPE a [<!ENTITY b "boom">]><a>&b;</a>';
    assert.deepEqual([legible(message('x', entities)).form, legible(message('x', entities)).body], ['text', entities]);
    assert.equal(legible(message('x', '')).form, 'none');
    assert.equal(legible(message('x', '<a><b></a>')).form, 'text');
  });

  test('that is long is cut, says so, and holds nobody up', () => {
    for (const text of ['//', 'token', '<secret', 'token=', 'password']) {
      const beganAt = performance.now();
      legible(message('x', text.repeat(200_000)));
      assert.ok(performance.now() - beganAt < 20_000, text);
    }
    const large = legible(message('x', `<a><password>hunter2</password>${'<b/>'.repeat(100_000)}</a>`));
    assert.deepEqual([large.form, large.isCut, large.body.includes('hunter2')], ['text', true, false]);
    const { body, isCut } = legible(message('x', 'y'.repeat(100_000)));
    assert.equal(isCut, true);
    assert.equal(body.length, 64 * 1024);
  });
});

const switchover: SwitchoverRecord = {
  epoch: 2,
  cause: 'failover',
  detectedAt: 1000,
  readyAt: 2000,
  recoveredAt: 2500,
  from: null,
  to: null,
  held: 0,
  replayed: 0,
  reconciled: 0,
  completed: 0,
  abandoned: 0,
};

const attempt = (
  number: number,
  epoch: number,
  at: number,
  outcome: 'answered' | 'unknown' | 'never-sent' = 'answered',
) => ({
  number,
  kind: 'send' as const,
  epoch,
  node: null,
  at,
  endedAt: at + 5,
  outcome,
  evidence: 'the epoch ended',
});
const completed = (settledAt: number): Transaction['state'] => ({
  status: 'completed',
  settledAt,
  reason: 'it is there',
});

suite('what became of a transaction in a switchover', () => {
  const cases: readonly (readonly [string, Partial<Transaction>, string | null])[] = [
    ['done before it', { receivedAt: 1, attempts: [attempt(1, 1, 2)], state: completed(900) }, null],
    ['came after it', { receivedAt: 3000, attempts: [attempt(1, 2, 3001)], state: completed(3100) }, null],
    [
      'was under way and sent again',
      { receivedAt: 900, attempts: [attempt(1, 1, 901, 'unknown'), attempt(2, 2, 2001)], state: completed(2100) },
      'sent-again',
    ],
    [
      'was under way and found done',
      { receivedAt: 900, attempts: [attempt(1, 1, 901, 'unknown')], state: completed(2100) },
      'found-done',
    ],
    [
      'came while the gate was shut',
      { receivedAt: 1500, attempts: [attempt(1, 2, 2001)], state: completed(2100) },
      'held-then-sent',
    ],
    [
      'came while the gate was shut and was never sent',
      { receivedAt: 1500, state: { status: 'abandoned', settledAt: 1900, reason: 'cancelled by otto' } },
      'never-sent',
    ],
    ['waits still', { receivedAt: 1500 }, 'on-its-way'],
    [
      'is left to the operator',
      {
        receivedAt: 900,
        attempts: [attempt(1, 1, 901, 'unknown')],
        state: { status: 'awaiting-operator', since: 2100, reason: 'r' },
      },
      'needs-you',
    ],
  ];
  for (const [what, said, fate] of cases) {
    test(`${what}: ${fate ?? 'not touched'}`, () => {
      assert.equal(fateOf(held(said), switchover), fate);
    });
  }
});

test('the time line counts a transaction that was held, replayed and completed once each, when each happened', () => {
  const attempts = [attempt(1, 1, 5000, 'never-sent'), attempt(2, 1, 5100, 'unknown'), attempt(3, 2, 9000)];
  assert.deepEqual(pastOf(held({ receivedAt: 1000, attempts, state: completed(9500) })), [
    ['held', 1000],
    ['replayed', 9000],
    ['completed', 9500],
  ]);
  assert.deepEqual(pastOf(held({ receivedAt: 1000, attempts: [attempt(1, 1, 1002)] })), []);
});

test('a story tells in the order of time what happened, and ends with where it stands', () => {
  const story = storyOf(
    held({
      receivedAt: 1,
      attempts: [attempt(1, 1, 2, 'unknown')],
      reports: [
        {
          number: 1,
          at: 50,
          attempt: 1,
          channel: 'callback',
          from: 'esc',
          eventType: 'SERVICE_ALIVE',
          status: 'success',
          digest: 'd',
          delivery: { state: 'dead', at: 90, tries: 3, lastError: 'the client answered 503' },
        },
      ],
      promisedAt: 20,
      operatorReplay: { at: 70, by: 'otto', afterAttempt: 1 },
      state: { status: 'awaiting-operator', since: 60, reason: 'nothing can be looked at' },
    }),
  );
  assert.deepEqual(
    story.map(({ at, title }) => [at, title]),
    [
      [1, 'Received'],
      [2, 'Sent (attempt 1)'],
      [7, 'No answer: it may have happened or not (attempt 1)'],
      [20, 'Client told 202'],
      [50, 'ESC reported SERVICE_ALIVE success'],
      [60, 'Left to the operator'],
      [70, 'Replay ordered'],
      [90, 'SERVICE_ALIVE success became a dead letter'],
    ],
  );
});
