/** The text of /metrics, read: its families with their labels, and single samples. */
import assert from 'node:assert/strict';

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Sorted; without `le`, which every histogram has. */
  readonly labels: readonly string[];
}

export class Exposition {
  readonly text: string;
  readonly families: readonly Family[];

  constructor(text: string) {
    this.text = text;
    this.families = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(
      ([, name = '', help = '', type = '']) => ({
        name,
        type,
        help,
        labels: labelsOf(text, name),
      }),
    );
  }

  /** Of one series, as it is written; or the sum over all series of a name without labels. A histogram's count is `NAME_count`. */
  value(series: string): number {
    const [name = '', labels = ''] = series.replace(/\}$/, '').split('{');
    const wanted = labels === '' ? [] : labels.split(',');
    const found = [...this.text.matchAll(/^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/gm)].filter(
      ([, of, said = '']) => of === name && wanted.every((each) => said.split(',').includes(each)),
    );
    assert.ok(found.length > 0, `${series} is not among the metrics`);
    return found.reduce((sum, [, , , value]) => sum + Number(value), 0);
  }

  /** Names that an expression of PromQL may use. */
  get seriesNames(): ReadonlySet<string> {
    return new Set([...this.text.matchAll(/^([a-z_][a-z_0-9]*)[{ ]/gm)].map(([, name = '']) => name));
  }
}

function labelsOf(text: string, family: string): string[] {
  const names = new Set<string>();
  for (const [, labels = ''] of text.matchAll(new RegExp(`^${family}(?:_bucket|_sum|_count)?\\{(.*)\\} \\S+$`, 'gm')))
    for (const [, name = ''] of labels.matchAll(/([a-z_]+)="/g)) names.add(name);
  names.delete('le');
  return [...names].sort();
}
