// What operators are shown of recorded messages: no secret, and everything else byte for byte.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerText, requestText } from '../../src/ops/recorded-text.ts';
import { maskedTarget } from '../../src/ops/secrets.ts';

const shown = (body: string, headers: readonly string[] = []): string => {
  const text = requestText({ method: 'POST', path: '/x', headers, body: Buffer.from(body) }).toString();
  return text.slice(text.indexOf('\r\n\r\n') + 4);
};

const inBase64 = (text: string): string => Buffer.from(text).toString('base64');

/** Every one holds `hunter2`, or its base64, where a secret stands. */
const secrets: Readonly<Record<string, string>> = {
  'a JSON password': '{"name":"n","password":"hunter2"}',
  'a JSON password with a name in escapes': '{"p\\u0061ssword":"hunter2"}',
  'a number': '{"pin": "hunter2", "vimPassword": "hunter2"}',
  'an object of secrets': '{"credentials":{"deep":["hunter2",{"x":"hunter2"}]}}',
  'an ETSI subscription with Basic':
    '{"callbackUri":"http://n/cb","authentication":{"authType":["BASIC"],"paramsBasic":{"userName":"u","password":"hunter2"}}}',
  'an ETSI subscription with OAuth 2':
    '{"authentication":{"paramsOauth2ClientCredentials":{"clientId":"c","clientPassword":"hunter2","tokenEndpoint":"http://n/"}}}',
  'a labelled JSON value': '[{"key":"ADMIN_PASSWORD","value":"hunter2"},{"value":{"v":"hunter2"},"name":"token"}]',
  'user-info in a JSON URL': '{"callbackUri":"http:\\/\\/u:hunter2@nfvo.example\\/cb"}',
  'a query in a JSON URL': '{"callbackUri":"http://nfvo.example/cb?a=b&token=hunter2"}',
  'JSON that is cut off': '{"password":"hunter2',
  'JSON that is none': '{"password": hunter2, password=hunter2}',
  'an XML password': '<vim><name>v</name><password>hunter2</password></vim>',
  'an XML password with a prefix': '<e:vim xmlns:e="x"><e:admin_password >hunter2</e:admin_password></e:vim>',
  'an XML password in CDATA': '<vim><password><![CDATA[hunter2]]></password></vim>',
  'an XML attribute': `<vim password="hunter2" token='hunter2'/>`,
  'a labelled XML value': '<variable><name>ROOT_PASSWORD</name><val>hunter2</val></variable>',
  'a labelled XML value, value first': '<property><value>hunter2</value><name>api_key</name></property>',
  'a labelled XML attribute':
    '<p><property name="secret" value="hunter2"/><property name="password">hunter2</property></p>',
  'an XML comment': '<vim><!-- password: hunter2 --><name>v</name></vim>',
  'XML that is cut off': '<vim><password>hunter2',
  'XML with an entity': '<!DOCTYPE a [<!ENTITY password "hunter2">]><a><password>&password;</password></a>',
  'user-data of cloud-init':
    '<configuration><dst>--user-data</dst><data>#cloud-config\nchpasswd:\n  list: |\n    root:hunter2\n</data></configuration>',
  'user-data in base64': `<configuration><data>${inBase64('#cloud-config\npassword: hunter2\n')}</data></configuration>`,
  'day-0 of a router':
    '<configuration><data>hostname r1\nenable secret 9 hunter2\nusername a password 0 hunter2\n</data></configuration>',
  'a private key': '<a><b>-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----</b></a>',
  'a form': 'user=u&password=hunter2&token=hunter2',
  'lines of text': 'user: u\npassword: hunter2\nAuthorization: Basic hunter2==\n',
};

for (const [what, body] of Object.entries(secrets)) {
  test(`${what} is masked in a recorded body`, () => {
    const text = shown(body);
    assert.doesNotMatch(text, /hunter2/);
    assert.ok(!text.includes(inBase64('hunter2').slice(0, 9)));
    assert.match(text, /\*\*\*/);
  });
}

test('a body without secrets is shown byte for byte', () => {
  const plain = [
    '<deployment xmlns="urn:x"><name>dép</name><vm_group><name>g1</name><image>img</image></vm_group></deployment>',
    '{ "name" : "n", "list":[1, 2.50,true,null], "text":"a\\u00e9 \\"quoted\\"", "empty":{} }',
    '<properties><property><name>color</name><value>blue</value></property></properties>',
    'nothing to hide at all',
    '',
  ];
  for (const body of plain) assert.equal(shown(body), body);
});

test('what stands beside a secret is shown', () => {
  const body = '[{"key":"COLOR","value":"blue"},{"key":"PASSWORD","value":"hunter2"}]';
  assert.equal(shown(body), '[{"key":"COLOR","value":"blue"},{"key":"PASSWORD","value":"***"}]');
  const xml =
    '<v><variable><name>A</name><val>1</val></variable><variable><name>PASSWORD</name><val> x </val></variable></v>';
  assert.equal(shown(xml), xml.replace(' x ', ' *** '));
});

test('fields with credentials, and what a callback URL bears, are masked', () => {
  const fields = ['Authorization', 'Basic a', 'Cookie', 'b', 'X-Auth-Token', 'c', 'X-Vendor-Secret', 'd'];
  const callback = ['Callback', 'http://u:e@nfvo.example/cb?f', 'Accept', 'text/html'];
  const text = requestText({
    method: 'PUT',
    path: '/y?sig=g&a=b',
    headers: [...fields, ...callback],
    body: Buffer.alloc(0),
  });
  assert.deepEqual(text.toString().split('\r\n'), [
    'PUT /y?sig=***&a=b HTTP/1.1',
    ...['Authorization: ***', 'Cookie: ***', 'X-Auth-Token: ***', 'X-Vendor-Secret: ***'],
    ...['Callback: http://***@nfvo.example/cb?***', 'Accept: text/html', '', ''],
  ]);
  const answer = answerText({ status: 200, headers: ['Set-Cookie', 'h'], body: Buffer.from('{"token":"i"}') });
  assert.equal(answer.toString(), 'HTTP/1.1 200 \r\nSet-Cookie: ***\r\n\r\n{"token":"***"}');
});

test('a body that a coding hides is not shown', () => {
  assert.equal(shown('hunter2', ['Content-Encoding', 'gzip']), '(7 bytes in gzip)');
});

test('of a target only the values of secret parameters are masked', () => {
  assert.equal(maskedTarget('/a?x=1&Api_Key=2;y=http://u:p@h/&password'), '/a?x=1&Api_Key=***;y=***&password');
  assert.equal(maskedTarget('/a?p%61ssword=%ZZ'), '/a?p%61ssword=***');
  assert.equal(maskedTarget('/a'), '/a');
});

test('no body takes long, however it is made', () => {
  const bytes = 256 * 1024;
  for (const part of [
    '<',
    '[1,',
    "<a '",
    '<a',
    '{"a":',
    '[',
    'password ',
    '"\\',
    'http://a:',
    '<a b="',
    '-----BEGIN A PRIVATE KEY-----',
  ]) {
    const beganAt = performance.now();
    shown(part.repeat(Math.ceil(bytes / part.length)));
    assert.ok(performance.now() - beganAt < 20_000, `${part}: ${performance.now() - beganAt} ms`);
  }
});
