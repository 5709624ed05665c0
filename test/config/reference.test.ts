// docs/configuration.md is what `northgate config reference` prints, and lacks no key.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyList } from '../../src/config/key-list.ts';
import { configReference } from '../../src/config/reference.ts';
import { root } from '../tidy/tree.ts';

test('the configuration reference is current', () => {
  const written = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
  const advice = 'run `npm run --silent northgate -- config reference > docs/configuration.md`';
  assert.equal(written, configReference(), advice);
});

test('the reference has every key, its variable, and what it accepts', () => {
  const text = configReference();
  for (const { key, variable, leaf } of keyList) {
    const line = text.split('\n').find((each) => each.startsWith(`| \`${key}\`<br>\`${variable}\``));
    assert.ok(line?.includes(leaf.expects.replaceAll('|', '\\|')), `${key} is missing or lacks what it accepts`);
  }
});
