// Which answers may come from a container that is still starting, or from maintenance mode (R12).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDoubtful, isTaken } from '../../src/domain/outcome.ts';

const html = 'text/html;charset=utf-8';
const xml = 'application/xml';

const answers: [status: number, contentType: string, bodyBytes: number, doubtful: boolean][] = [
  [503, xml, 100, true],
  [503, 'application/json', 100, true],
  [503, html, 100, true],
  [503, '', 0, true],
  [404, html, 100, true],
  [404, 'Text/HTML', 100, true],
  [404, 'application/xhtml+xml', 100, true],
  [404, '', 0, true],
  [404, xml, 0, true],
  [404, xml, 100, false],
  [404, 'application/json', 2, false],
  [404, '', 100, false],
  [500, html, 100, true],
  [500, '', 0, true],
  [500, xml, 100, false],
  [502, html, 100, true],
  [504, '', 0, true],
  [599, html, 1, true],
  [200, '', 0, false],
  [201, html, 100, false],
  [204, '', 0, false],
  [302, html, 0, false],
  [400, html, 100, false],
  [401, html, 100, false],
  [403, '', 0, false],
  [405, html, 100, false],
  [409, '', 0, false],
  [499, html, 100, false],
];

for (const [status, contentType, bodyBytes, doubtful] of answers) {
  const what = bodyBytes === 0 ? 'without a body' : `with ${contentType === '' ? 'a body of no type' : contentType}`;
  test(`R12 a ${status} ${what} is ${doubtful ? 'confirmed by a probe before it counts' : "ESC's answer"}`, () => {
    assert.equal(isDoubtful({ status, contentType, bodyBytes }), doubtful);
  });
}

test('ESC took what it answered 2xx, and nothing else', () => {
  for (const status of [200, 201, 202, 204, 299]) assert.equal(isTaken(status), true, String(status));
  for (const status of [undefined, 100, 300, 302, 304, 307, 400, 409, 503])
    assert.equal(isTaken(status), false, String(status));
});
