/** The whole story of a violation for people: the journal's record, the requests at ESC, what its client saw, and the troubles of that time. */
import type { Ledgers } from './ledgers.ts';
import { type Violation, viewsOf } from './views.ts';

const aroundMs = 5_000;

export function storyOf(found: Violation, ledgers: Ledgers): string {
  const { all, byId } = viewsOf(ledgers);
  const own = byId.get(found.transaction ?? '');
  const order = own?.order ?? ledgers.clients.orders.find(({ id }) => id === found.order) ?? null;
  const views = own === undefined ? all.filter((view) => order !== null && view.order === order) : [own];
  const lane = own === undefined ? [] : all.filter(({ entry }) => entry.lane === own.entry.lane && entry !== own.entry);
  const lines = [`VIOLATION: ${found.rule}: ${found.says}`];
  const say = (title: string, items: readonly unknown[]): void => {
    lines.push(`  ${title}`, ...items.map((item) => `    ${JSON.stringify(item)}`));
  };
  for (const { entry, executions, effects, heard } of views) {
    const { attempts, ...record } = entry;
    say('the journal', [record, ...attempts]);
    say(
      'requests at ESC',
      executions.map(({ request, as }) => ({
        ...request,
        headers: undefined,
        as: `attempt ${as.attempt}${as.isCleanUp ? ', a clean-up' : ''}`,
      })),
    );
    say('effects', effects);
    say('heard', heard);
  }
  if (order !== null) {
    const { tries, ...rest } = order;
    say('its client', [rest, ...tries]);
  }
  say(
    'others of its lane',
    lane.map(({ entry, executions }) => ({
      ...entry,
      attempts: entry.attempts.length,
      at: executions.map(({ index }) => index),
    })),
  );
  const times = [
    ...(order?.tries.flatMap(({ at, endedAt }) => [at, endedAt]) ?? []),
    ...views.flatMap(({ executions, heard }) => [
      ...executions.map(({ request }) => request.at),
      ...heard.map(({ at }) => at),
    ]),
  ];
  const [from, to] = [Math.min(...times) - aroundMs, Math.max(...times) + aroundMs];
  say(
    'troubles of that time',
    ledgers.disturbances.filter((each) => each.from < to && each.to > from),
  );
  return lines.join('\n');
}
