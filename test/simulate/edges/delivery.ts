/** One try to hand a report to a client, whose receiver may be down; what it answered 200 is heard, nothing else. */
import type { DeliveryRequest, Tried } from '../../../src/callbacks/delivery.ts';
import { fieldValue } from '../../../src/esc/headers.ts';
import { theOwner, theWorld } from './world.ts';

const lostShare = 0.03;

export class Deliverer {
  try(delivery: DeliveryRequest): Promise<Tried> {
    const { clock, random, lines, disturb } = theWorld();
    const owner = theOwner();
    const { signal } = delivery;
    return new Promise((resolve) => {
      const end = (tried: Tried): void => {
        clock.after(lines.delayMs(), owner, () => resolve(tried));
      };
      signal.addEventListener('abort', () => resolve({ kind: 'failed', error: 'aborted' }));
      clock.after(lines.delayMs(), null, () => {
        const { receiverMode, isTroubled } = theWorld();
        const mishap = isTroubled && random.isLucky(lostShare) ? random.pick(['before', 'after'] as const) : 'none';
        if (receiverMode === 'refusing') return void end({ kind: 'failed', error: 'ECONNREFUSED' });
        if (receiverMode === 'answering-503') return void end({ kind: 'failed', error: 'answered 503' });
        if (mishap === 'before') return void end({ kind: 'failed', error: 'ECONNRESET' });
        hear(delivery);
        if (mishap === 'after') disturb('the answer to a delivery is lost', true).to = Math.floor(clock.now);
        end(mishap === 'after' ? { kind: 'failed', error: 'ECONNRESET' } : { kind: 'taken' });
      });
    });
  }

  async close(): Promise<void> {}
}

function hear({ url, id, headers, body }: DeliveryRequest): void {
  const { heard, clock, tell } = theWorld();
  const each = {
    at: Math.floor(clock.now),
    order: url.split('/').at(-1) ?? '',
    delivery: id,
    event: /<(?:\w+:)?event_type>([^<]*)</.exec(Buffer.from(body).toString())?.[1] ?? '',
    status: fieldValue(headers, 'esc-status-code') ?? '',
    escTransaction: fieldValue(headers, 'esc-transaction-id') ?? '',
  };
  heard.push(each);
  tell('heard', each.order, each.event, each.status, each.delivery);
}
