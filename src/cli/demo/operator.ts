/**
 * The demo's operator, who settles what Northgate leaves to people: what ESC stored without answering, and then dropped,
 * is stuck in ESC, and nothing proves whose it is (R15). This one knows that nobody else works here: each leftover is
 * deleted at ESC itself, and Northgate told over its ops API to send the request once more.
 */
import { request } from 'undici';
import { OpsClient } from '../ops-client.ts';
import type { Say } from './narrator.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

const pageMax = 1000;
const deletionMaxMs = 20_000;
const replayMaxMs = 20_000;

interface Seen {
  readonly id: string;
  readonly path: string;
}

/** Resolves when everything that awaits the operator is on its way again. */
export async function decideWhatIsLeft({ pair, gateway }: Stage, signal: AbortSignal, say: Say): Promise<void> {
  const ops = new OpsClient({ url: gateway.ops.url });
  try {
    const left = await gateway.journal.list({ status: 'awaiting-operator', limit: pageMax });
    const [first] = left;
    if (first === undefined) {
      say('nothing is left to the operator');
      return;
    }
    const why = first.state.status === 'awaiting-operator' ? first.state.reason : '';
    say(`${left.length} await the operator: ${why}`);
    for (const { path } of left) await deleteAtEsc(`${pair.scheme}://${pair.vip}:${pair.ports.rest}${path}`);
    const isGone = ({ path }: Seen): boolean => pair.resources().every(({ id }) => !path.endsWith(`/${id}`));
    await until(() => left.every(isGone), { what: 'ESC has deleted the leftovers', deadlineMs: deletionMaxMs, signal });
    for (const { id } of left) await ops.act('POST', `v1/transactions/${id}/replay`);
    // It awaits the operator until its turn in its lane comes.
    const isOnItsWay = async ({ id }: Seen): Promise<boolean> =>
      (await gateway.journal.get(id))?.state.status !== 'awaiting-operator';
    await until(async () => (await Promise.all(left.map(isOnItsWay))).every(Boolean), {
      what: 'each is sent once more',
      deadlineMs: replayMaxMs,
      signal,
    });
    say('the operator has deleted the leftovers in ESC, and ordered each to be sent once more');
  } finally {
    await ops.close();
  }
}

async function deleteAtEsc(url: string): Promise<void> {
  const { body } = await request(url, { method: 'DELETE', reset: true });
  await body.dump();
}
