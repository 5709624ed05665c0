/**
 * A journal with a past, written before the gateway starts: settled transactions of the last hours, two switchovers with
 * what they touched, what awaits an operator, and dead letters. Everything settled or left to a person, so that the
 * gateway finds nothing to do.
 */
import { readConfig, refusalText } from '../../src/config/reader.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Attempt, State, Transaction } from '../../src/domain/transaction.ts';
import { packAnswer, packRequest } from '../../src/journal/message.ts';
import { openJournal } from '../../src/journal/open.ts';
import { held, reports } from '../journal/samples.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const atOnce = 2000;
const nodes = ['10.20.0.11', '10.20.0.12'] as const;

export interface Past {
  readonly count: number;
  readonly hours?: number;
}

/** Times at which a switchover began, and its epoch. */
const switchoversOf = (now: number) =>
  [
    { epoch: 6, detectedAt: now - 4 * hourMs - 7 * minuteMs, cause: 'failover' as const, from: nodes[0], to: nodes[1] },
    { epoch: 7, detectedAt: now - 65 * minuteMs, cause: 'planned' as const, from: nodes[1], to: nodes[0] },
  ].map((each) => ({
    ...each,
    readyAt: each.detectedAt + 192_000,
    recoveredAt: each.detectedAt + 204_000,
    held: 14,
    replayed: 9,
    reconciled: 5,
    completed: 27,
    abandoned: 1,
  }));

export function pastConfig(settings: Readonly<Record<string, string>>): Config {
  const reading = readConfig({ environment: { NORTHGATE_ESC_VIP: '127.0.0.1', ...settings } });
  if ('errors' in reading) throw new Error(refusalText(reading));
  return reading.config;
}

/** Fills the journal of these settings. Nobody else may have it open. */
export async function writePast(settings: Readonly<Record<string, string>>, { count, hours = 6 }: Past): Promise<void> {
  const journal = await openJournal(pastConfig(settings).journal);
  const now = Date.now();
  const switchovers = switchoversOf(now);
  await journal.raiseEpoch(7);
  for (const switchover of switchovers) await journal.putSwitchover(switchover);
  for (let begin = 0; begin < count; begin += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, count - begin) }, (_, index) => {
      const number = begin + index + 1;
      const receivedAt = Math.floor(now - hours * hourMs * (1 - number / (count + 1)));
      const transaction = lived(number, receivedAt, count, switchovers);
      return journal.restore({ transaction, over: 0, bodies: bodiesOf(transaction), isReleased: true });
    });
    for (const { word } of await Promise.all(some)) if (word !== 'restored') throw new Error(`not written: ${word}`);
  }
  await journal.close();
}

type Switched = ReturnType<typeof switchoversOf>[number];

/** What a transaction that came at that time has become. */
function lived(number: number, receivedAt: number, count: number, switchovers: readonly Switched[]): Transaction {
  const name = `vnf-${number}`;
  const path = `/ESCManager/v0/shop/deployments/${name}`;
  const base = {
    ...held({
      id: `past${String(number).padStart(8, '0')}`,
      lane: `deployments/${name}`,
      receivedAt,
      client: 'nfvo-east',
    }),
    path,
    version: 5,
    sequence: number,
    escTransactionId: `esc-${number}`,
  };
  const during = switchovers.find(
    ({ detectedAt, readyAt }) => receivedAt > detectedAt - 20_000 && receivedAt < readyAt,
  );
  const epoch = 5 + switchovers.filter(({ detectedAt }) => receivedAt > detectedAt).length;
  const sent = (at: number, inEpoch: number, attempt = 1): Attempt => ({
    number: attempt,
    kind: 'send',
    epoch: inEpoch,
    node: nodes[inEpoch % 2 === 0 ? 1 : 0],
    at,
    endedAt: at + 40,
    outcome: 'answered',
    status: 200,
    evidence: 'HTTP 200',
  });
  const settled = (status: 'completed' | 'failed', settledAt: number): State => ({
    status,
    settledAt,
    reason: status === 'completed' ? 'ESC reported SERVICE_ALIVE' : 'ESC reported a failure: no such image',
  });
  const answer = { status: 200, bodyBytes: 2, at: receivedAt + 60, from: 'esc' as const };
  if (number > count - 2) {
    const attempts = [{ ...sent(receivedAt, epoch), outcome: 'unknown' as const, evidence: 'the epoch ended' }];
    const reason =
      'nothing can be looked up that would tell whether it was done, and sending it again might do it twice';
    return { ...base, attempts, state: { status: 'awaiting-operator', since: receivedAt + 900, reason } };
  }
  if (during !== undefined) return touched(base, during, { sent, settled, answer });
  const status = number % 41 === 0 ? 'failed' : 'completed';
  const letters =
    number % 397 === 0
      ? reports({ state: 'dead', at: receivedAt + hourMs, tries: 14, lastError: 'http://nfvo.example/cb answered 503' })
      : [];
  return {
    ...base,
    attempts: [sent(receivedAt + 2, epoch)],
    state: settled(status, receivedAt + 9000),
    answer,
    reports: letters,
  };
}

interface Makers {
  readonly sent: (at: number, epoch: number, attempt?: number) => Attempt;
  readonly settled: (status: 'completed' | 'failed', at: number) => State;
  readonly answer: NonNullable<Transaction['answer']>;
}

function touched(
  base: Transaction,
  { epoch, detectedAt, readyAt }: Switched,
  { sent, settled, answer }: Makers,
): Transaction {
  const late = { ...answer, at: readyAt + 3000 };
  if (base.receivedAt > detectedAt) {
    return {
      ...base,
      attempts: [sent(readyAt + 2000, epoch)],
      state: settled('completed', readyAt + 9000),
      answer: late,
    };
  }
  const { status: _, ...lost } = {
    ...sent(base.receivedAt, epoch - 1),
    outcome: 'unknown' as const,
    evidence: 'the epoch ended',
  };
  const attempts = base.sequence % 2 === 0 ? [lost, sent(readyAt + 1000, epoch, 2)] : [lost];
  return { ...base, attempts, state: settled('completed', readyAt + 5000), answer: late };
}

function bodiesOf({ id, answer }: Transaction): { request: Uint8Array; response?: Uint8Array } {
  const body = Buffer.from(
    `<deployment><name>${id}</name><vm_group><name>g1</name><image>img</image><bootup_time>600</bootup_time><config_data><configuration><dst>day0</dst><variable><name>ADMIN</name><val>x</val></variable><admin_password>hunter2</admin_password></configuration></config_data></vm_group></deployment>`,
  );
  const headers = [
    'content-type',
    'application/xml',
    'Authorization',
    'Basic c2VjcmV0',
    'Callback',
    'http://cb:pw@nfvo.example/cb',
  ];
  const request = packRequest({ headers, body });
  if (answer === null) return { request };
  const response = packAnswer({
    status: 200,
    headers: ['content-type', 'application/json'],
    body: Buffer.from('{"id":10000000000000000001,"done":true}'),
  });
  return { request, response };
}
