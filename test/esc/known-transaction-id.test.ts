// R21, R25: a client sees one transaction id, and nothing else of a message changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withKnownTransactionId } from '../../src/esc/known-transaction-id.ts';
import { bytes } from './documents.ts';

const from = '0b1c2d3e-0000-4000-8000-000000000001';
const to = 'first-id';
const bodyOf = (body: string, id = from) =>
  Buffer.from(withKnownTransactionId({ headers: [], body: bytes(body) }, id, to).body).toString();

test('R21: the known id is in every spelling of the field and where it stands in the body', () => {
  const headers = ['ESC_TRANSACTION_ID', from, 'X', from, 'esc-transaction-id', from];
  const message = { headers, body: bytes(`<a><esc_transaction_id>${from}</esc_transaction_id><é>${from}</é></a>`) };
  const known = withKnownTransactionId(message, from, to);
  assert.deepEqual(known.headers, ['ESC_TRANSACTION_ID', to, 'X', from, 'esc-transaction-id', to]);
  assert.equal(Buffer.from(known.body).toString(), `<a><esc_transaction_id>${to}</esc_transaction_id><é>${to}</é></a>`);
});

test('R25: an id within a longer one, and one that is hardly an id, stay in the body', () => {
  for (const text of [`x${from}`, `${from}0`, `${from}-a`, `_${from}`])
    assert.equal(bodyOf(`<a>${text}</a>`), `<a>${text}</a>`);
  assert.equal(bodyOf('<a><status_code>200</status_code></a>', '200'), '<a><status_code>200</status_code></a>');
  assert.equal(bodyOf(`transaction ${from}.`), `transaction ${to}.`);
});

test('R25: a body that does not bear the id is the same bytes, whatever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (body) =>
      assert.equal(withKnownTransactionId({ headers: [], body }, from, to).body, body),
    ),
  );
});

test('R25: around the id nothing changes, whatever bytes stand there', () => {
  const around = fc.uint8Array({ maxLength: 20 });
  const open = Buffer.from('>');
  const close = Buffer.from('<');
  fc.assert(
    fc.property(around, around, (before, after) => {
      const whole = (id: string) => Buffer.concat([before, open, Buffer.from(id), close, after]);
      const known = withKnownTransactionId({ headers: [], body: whole(from) }, from, to);
      assert.deepEqual(Buffer.from(known.body), whole(to));
    }),
  );
});
