// ESC's own header fields, in whatever spelling they come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escTransactionIdOf, fieldValue, isEscField, withEscTransactionId } from '../../src/esc/headers.ts';

for (const name of ['esc-transaction-id', 'ESC-Transaction-Id', 'ESC_TRANSACTION_ID', 'esc_transaction-ID']) {
  test(`the transaction id is found under ${name}`, () => {
    assert.equal(escTransactionIdOf(['Date', 'today', name, ' 6f1e ', 'Server', 'x']), '6f1e');
  });
  test(`R21: the client’s own transaction id takes its place under ${name}, and the spelling stays`, () => {
    const others = ['X', 'esc-transaction-id', 'Y', 'z'];
    const headers = ['Date', 'today', name, '6f1e', ...others];
    assert.deepEqual(withEscTransactionId(headers, 'first'), ['Date', 'today', name, 'first', ...others]);
    assert.equal(headers[3], '6f1e');
  });
}

test('a value that spells a field’s name is no field', () => {
  assert.equal(escTransactionIdOf(['X', 'esc-transaction-id', 'Y', 'z']), null);
});

test('no id, an empty one and one too long to be an id are none', () => {
  assert.equal(escTransactionIdOf([]), null);
  assert.equal(escTransactionIdOf(['esc-transaction-id', '  ']), null);
  assert.equal(escTransactionIdOf(['esc-transaction-id', 'x'.repeat(256)]), null);
  assert.equal(escTransactionIdOf(['esc-transaction-id']), null);
});

test('the first value that says something counts', () => {
  assert.equal(
    escTransactionIdOf(['ESC_TRANSACTION_ID', '', 'esc-transaction-id', 'a', 'ESC-Transaction-Id', 'b']),
    'a',
  );
});

test('ESC’s fields are known in every spelling, others are not its own', () => {
  for (const name of [
    'Callback',
    'CALLBACK_ESC_EVENTS',
    'client-transaction-id',
    'ESC_STATUS_CODE',
    'Esc-Status-Message',
  ]) {
    assert.equal(isEscField(name), true, name);
  }
  for (const name of ['Content-Type', 'Callbacks', 'esc', '']) assert.equal(isEscField(name), false, name);
  assert.equal(fieldValue(['CallBack', 'http://a/'], 'callback'), 'http://a/');
});
