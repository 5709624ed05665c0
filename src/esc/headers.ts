/**
 * ESC's own header fields, in a flat list of names and values (`name, value, name, value, …`) as they came.
 * Invariant: names compare without case, and with `_` and `-` alike, because ESC's own documents spell the transaction id
 * in three ways (esc.md section 1.5); the spelling itself is always kept.
 */

const valueMaxChars = 255;

/** A field's name as it is compared: `ESC_TRANSACTION_ID` → `esc-transaction-id`. */
const plainFieldName = (name: string): string => name.toLowerCase().replaceAll('_', '-');

const transactionIdField = 'esc-transaction-id';

/** Fields that are ESC's own, and who sends them (esc.md section 1.5). */
const escFields: readonly {
  readonly name: string;
  readonly in: readonly ('request' | 'answer' | 'report')[];
}[] = [
  { name: 'callback', in: ['request'] },
  { name: 'callback-esc-events', in: ['request'] },
  { name: 'client-transaction-id', in: ['request'] },
  { name: transactionIdField, in: ['answer', 'report'] },
  { name: 'esc-status-code', in: ['report'] },
  { name: 'esc-status-message', in: ['report'] },
];

/** Whether a field is one of ESC's own, in whatever spelling: it belongs to the transaction and is never made up or dropped. */
export const isEscField = (name: string): boolean => {
  const plain = plainFieldName(name);
  return escFields.some((field) => field.name === plain);
};

/** The first value of a field that is not empty, in any spelling of its name; null without one. */
export function fieldValue(headers: readonly string[], name: string): string | null {
  const wanted = plainFieldName(name);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (plainFieldName(headers[index] ?? '') !== wanted) continue;
    const value = (headers[index + 1] ?? '').trim();
    if (value !== '') return value;
  }
  return null;
}

/** ESC's transaction id; null where there is none, or one too long to be an id. */
export function escTransactionIdOf(headers: readonly string[]): string | null {
  const value = fieldValue(headers, transactionIdField);
  return value !== null && value.length <= valueMaxChars ? value : null;
}

/** The list with the transaction id that the client knows in place of ESC's, in ESC's spelling (R21); the rest as it came. */
export function withEscTransactionId(headers: readonly string[], id: string): string[] {
  return headers.map((text, index) =>
    index % 2 === 1 && plainFieldName(headers[index - 1] ?? '') === transactionIdField ? id : text,
  );
}
