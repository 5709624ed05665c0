/**
 * The `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header-07, section 2.1; contract section 3):
 * a Structured-Field String (RFC 9651 section 3.3.3), or, leniently, a bare token of 1 to 255 printable characters.
 * Both forms of one key are the same key. It is checked before anything is looked up with it.
 */
import { GatewayError } from '../domain/problem.ts';
import { valuesOf } from '../upstream/headers.ts';

const keyMaxChars = 255;
/** The string, and the parameters of an item, which mean nothing here. */
const quotedForm = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"(?: *;[\x20-\x7e]*)?$/;
const bareForm = /^[\x21\x23-\x7e][\x21-\x7e]*$/;
/** Looked for before white space is taken off, which to JavaScript is more than what HTTP knows. */
const foreign = /[^\t\x20-\x7e]/;

/**
 * @param headers end-to-end fields: one that `Connection` lists is not there any more.
 * @returns null without one.
 * @throws GatewayError `key-malformed`, and `key-required` if it must be there and is not.
 */
export function readKey(headers: readonly string[], isRequired: boolean): string | null {
  const [value, ...more] = valuesOf(headers, 'idempotency-key');
  if (value === undefined) {
    if (isRequired) throw required();
    return null;
  }
  if (more.length > 0) throw malformed('There is more than one.');
  const key = foreign.test(value) ? null : keyOf(value.trim());
  if (key === null || key.length === 0 || key.length > keyMaxChars) {
    throw malformed(`It is a string in double quotes of 1 to ${keyMaxChars} printable ASCII characters.`);
  }
  return key;
}

function keyOf(value: string): string | null {
  const [, quoted] = quotedForm.exec(value) ?? [];
  if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1');
  return bareForm.test(value) ? value : null;
}

const malformed = (detail: string): GatewayError =>
  new GatewayError('key-malformed', {
    detail: `The Idempotency-Key cannot be read. ${detail} Send for example: Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324"`,
    sent: 'no',
  });

const required = (): GatewayError =>
  new GatewayError('key-required', {
    detail: 'Send an Idempotency-Key, a new one with each new transaction and the same one with each repetition of it.',
    sent: 'no',
  });
