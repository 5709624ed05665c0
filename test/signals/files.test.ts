/**
 * What monitoring is given with Northgate, held against Northgate and by Prometheus' own tool: the page of metrics, the
 * alert rules with their tests and their run-book, the example to scrape by, and the dashboard.
 */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import { ops } from '../support/ops.ts';
import { startWorld } from '../support/world.ts';
import { root } from '../tidy/tree.ts';
import { Exposition } from './exposition.ts';
import { metricsPage } from './metrics-page.ts';
import { promtool, promtoolSkip } from './promtool.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const inTree = (path: string): string => join(root, path);
const read = (path: string): string => readFileSync(inTree(path), 'utf8');
const rules = (parse(read('deploy/prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(read('deploy/grafana/northgate.json')) as {
  panels: Panel[];
  annotations: { list: { expr: string }[] };
};
const drawn = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))),
  ...dashboard.annotations.list.map(({ expr }) => ({ title: 'annotation', expr })),
];

/** Variables of Grafana as it fills them in. */
const filled = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*').replaceAll('$job', 'northgate');

/** Words of an expression that stand where a metric's name stands. */
const metricsIn = (expr: string): string[] => expr.match(/\b(?:northgate|nodejs|process)_\w+/g) ?? [];

suite('what monitoring is given', () => {
  let told = new Exposition('');
  const directory = mkdtempSync(join(tmpdir(), 'northgate-'));
  const skip = promtoolSkip;

  before(async () => {
    await using world = await startWorld();
    told = new Exposition((await ops(world).get('/metrics').expect(200)).text);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  test('promtool finds nothing wrong with /metrics', { skip }, () => {
    const { isFine, text } = promtool(['check', 'metrics'], told.text);
    assert.ok(isFine && text === '', text);
  });

  test('every metric has a help that is a sentence', () => {
    const own = told.families.filter(({ name }) => name.startsWith('northgate_'));
    assert.ok(own.length > 25);
    for (const { name, help } of own) assert.match(help, /^[A-Z0-9].*\.$/, name);
  });

  test('docs/metrics.md is current', () => {
    assert.equal(read('docs/metrics.md'), metricsPage(told.families));
  });

  for (const page of ['docs/metrics.md', 'docs/operations.md', 'docs/tracing.md']) {
    test(`${page}: links lead somewhere`, () => {
      for (const [, target = '', anchor] of read(page).matchAll(/\]\(([^)#]*)(?:#([^)]+))?\)/g)) {
        const there = target === '' ? page : `docs/${target}`;
        assert.ok(existsSync(inTree(there)), target);
        const headings = [...read(there).matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase());
        if (anchor !== undefined) assert.ok(headings.includes(anchor), anchor);
      }
    });
  }

  test('promtool accepts the example to scrape by, with its rules', { skip }, () => {
    for (const name of ['prometheus.yaml', 'alerts.yaml'])
      copyFileSync(inTree(`deploy/prometheus/${name}`), join(directory, name));
    writeFileSync(join(directory, 'northgate-viewer.token'), 'a token');
    const { isFine, text } = promtool(['check', 'config', '--lint-fatal', join(directory, 'prometheus.yaml')]);
    assert.ok(isFine, text);
  });

  test('each alert fires when its thing happens, and is silent otherwise', { skip }, () => {
    const { isFine, text } = promtool(['test', 'rules', inTree('test/signals/alerts.yaml')]);
    assert.ok(isFine, text);
  });

  test('no alert is without a test of both', () => {
    const tested = parse(read('test/signals/alerts.yaml')) as { tests: { name: string }[] };
    const names = tested.tests.map(({ name }) => name).sort();
    const wanted = rules.flatMap(({ alert }) => [`${alert} fires`, `${alert} is silent`]).sort();
    assert.deepEqual(names, wanted);
  });

  for (const { alert, expr, labels, annotations, for: lasting } of rules) {
    test(`${alert}: severity, texts, a page of the run-book, metrics that there are`, () => {
      assert.ok(['critical', 'warning', 'info'].includes(labels.severity ?? ''));
      assert.match(lasting, /^\d+[sm]$/);
      assert.ok((annotations.summary ?? '').length > 10 && (annotations.description ?? '').length > 40);
      const [page = '', anchor = ''] = (annotations.runbook_url ?? '').split('#');
      assert.ok(existsSync(inTree(page)), page);
      assert.equal(anchor, alert.toLowerCase());
      const section =
        read(page)
          .split(/^## /m)
          .find((each) => each.startsWith(`${alert}\n`)) ?? '';
      assert.match(section, /How to see it:\n\n- /);
      assert.match(section, /What to do:\n\n1\. /);
      const missing = metricsIn(expr).filter((name) => !told.seriesNames.has(name));
      assert.deepEqual(missing, []);
    });
  }

  test('every panel draws metrics that there are, and says what it is', () => {
    assert.ok(drawn.length > 30);
    for (const { title, expr } of drawn) {
      assert.ok(metricsIn(expr).length > 0, title);
      const missing = metricsIn(expr).filter((name) => !told.seriesNames.has(name));
      assert.deepEqual(missing, [], title);
    }
    for (const { title, targets, description = '' } of dashboard.panels)
      if (targets !== undefined) assert.ok(description.length > 3, title);
  });

  test('promtool can read the expression of every panel', { skip }, () => {
    const file = join(directory, 'panels.yaml');
    const recorded = drawn.map(({ expr }, index) => ({ record: `panel:number_${index}`, expr: filled(expr) }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules: recorded }] }));
    const { isFine, text } = promtool(['check', 'rules', file]);
    assert.ok(isFine && text.includes(`SUCCESS: ${recorded.length} rules found`), text);
  });
});
