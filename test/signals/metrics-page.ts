/** docs/metrics.md, written from what a gateway tells at /metrics; run as a program it prints the page. */
import { fileURLToPath } from 'node:url';
import { ops } from '../support/ops.ts';
import { startWorld } from '../support/world.ts';
import { Exposition, type Family } from './exposition.ts';

const head = `# Metrics

What \`GET /metrics\` of the ops listener tells, in the text format of Prometheus 0.0.4. Written from a gateway by
\`node test/signals/metrics-page.ts\`; a test holds that it is current. Not edited by hand.

- Names begin with \`northgate_\`; units are seconds and bytes; counters end in \`_total\`, begin at 0 with the process, and count
  this replica's own doing, so they are summed over replicas.
- \`northgate_transactions\` and \`northgate_replicas\` are of the journal, the same at each replica of it: take the maximum, not the sum.
  They are left out while the journal does not answer.
- Labels have few values: addresses are those of \`esc.nodes\`; no ids, clients or paths.
- Every label value that is known beforehand is there from the start.
- Alerts on them: [operations.md](operations.md). Besides them the process tells of itself: \`process_…\`, \`nodejs_…\`.
`;

/** As a Markdown table's cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

export function metricsPage(families: readonly Family[]): string {
  const own = families.filter(({ name }) => name.startsWith('northgate_'));
  const sorted = [...own].sort((one, other) => (one.name < other.name ? -1 : 1));
  const rows = sorted.map(({ name, type, labels, help }) => {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${named} | ${cell(help)} |`;
  });
  return `${head}\n| name | type | labels | is |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await using world = await startWorld();
  const { text } = await ops(world).get('/metrics').expect(200);
  process.stdout.write(metricsPage(new Exposition(text).families));
}
