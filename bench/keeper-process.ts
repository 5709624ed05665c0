/**
 * A program: fills and prunes a journal by the journal's own writes, with records made by the functions that make them
 * for a request that came: created and marked in one write, settled in a second, its twin released; every second one
 * has an idempotency key. Not a gateway: it holds no lease and sends nothing.
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { readConfig, refusalText } from '../src/config/reader.ts';
import { acceptedByAnswer, marked, settledByAnswer } from '../src/domain/moves.ts';
import type { Instant, Transaction } from '../src/domain/transaction.ts';
import { loadCatalogue } from '../src/esc/catalogue.ts';
import { drawnDigests } from '../src/journal/digests.ts';
import type { Journal } from '../src/journal/journal.ts';
import { packAnswer, packRequest, type RequestMessage } from '../src/journal/message.ts';
import { openJournal } from '../src/journal/open.ts';
import { transactionOf } from '../src/northbound/arrival.ts';
import { Fingerprints } from '../src/northbound/fingerprint.ts';
import { answerQuestions } from './child.ts';

export interface Filling {
  readonly kind: 'settled' | 'accepted' | 'held';
  readonly count: number;
  readonly bodyBytes: number;
  /** Received at even distances in this span; settled at once. */
  readonly from: Instant;
  readonly until: Instant;
}

/** How long each tenth of a filling took. */
export type Filled = readonly number[];

export interface Pruning {
  readonly doneBefore: Instant;
  readonly limit: number;
}

const atOnceMax = 512;
const laneCount = 10_000;
const clientCount = 10;
const answerMs = 20;
const owner = 'a gateway that is gone';
const headers = [
  ...['Authorization', 'Basic YWRtaW46c2VjcmV0', 'Accept', 'application/xml', 'Content-Type', 'application/xml'],
];
const answer = packAnswer({
  status: 201,
  headers: ['Content-Type', 'application/xml'],
  body: Buffer.from('<response><code>201</code><message>done</message></response>'),
});
const document: object = parse(await readFile(new URL('../openapi/northbound.yaml', import.meta.url), 'utf8'));
const catalogue = loadCatalogue(document, { policies: [] });
const fingerprints = new Fingerprints(drawnDigests());
let journal: Journal | null = null;
let filled = 0;

function opened(): Journal {
  if (journal === null) throw new Error('no journal is open');
  return journal;
}

function arrived({ bodyBytes, kind }: Filling, receivedAt: Instant): [Transaction, RequestMessage] {
  filled += 1;
  const name = `tenant-${filled % laneCount}`;
  const body = Buffer.alloc(bodyBytes, `${filled} ${name} `);
  const arrival = {
    method: 'POST',
    path: `/ESCManager/v0/tenants/${name}`,
    headers,
    body,
    receivedAt,
    client: `nfvo-${filled % clientCount}`,
    idempotencyKey: filled % 2 === 0 ? `key-${process.pid}-${filled}` : null,
    wants: [],
    isPromised: kind !== 'settled',
  };
  const transaction = transactionOf(arrival, { replica: owner, catalogue, fingerprints, isOpen: kind !== 'held' });
  return [transaction, { headers, body }];
}

async function keepOne(filling: Filling, receivedAt: Instant, epoch: number): Promise<void> {
  const [transaction, message] = arrived(filling, receivedAt);
  const request = packRequest(message);
  const inFlight = marked(transaction, { epoch, node: null, now: receivedAt, hasWaited: false });
  const created = await opened().create({
    transaction,
    request,
    ...(filling.kind === 'held' ? {} : { inFlight: { transaction: inFlight, mark: { epoch, waitsFor: [] } } }),
  });
  if (created.word !== 'created') throw new Error(`a record was not created: ${created.word}`, { cause: created });
  if (filling.kind === 'held') return;
  const facts = { status: 201, bodyBytes: 60, escTransactionId: transaction.id, now: receivedAt + answerMs };
  const move = filling.kind === 'settled' ? settledByAnswer : acceptedByAnswer;
  const replacement = { transaction: move(created.transaction, facts), bodies: { response: answer } };
  const replaced = await opened().replace(replacement);
  if (replaced.word !== 'replaced') throw new Error(`a record was not settled: ${replaced.word}`, { cause: replaced });
  await opened().release(replaced.transaction);
}

async function fill(filling: Filling): Promise<Filled> {
  const { count, from, until } = filling;
  const epoch = await opened().epoch();
  const tenthsMs: number[] = [];
  let begun = 0;
  let done = 0;
  let tenthBeganAt = performance.now();
  const keep = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      await keepOne(filling, Math.floor(from + ((until - from) * begun) / count), epoch);
      done += 1;
      if (done * 10 < count * (tenthsMs.length + 1)) continue;
      tenthsMs.push(performance.now() - tenthBeganAt);
      tenthBeganAt = performance.now();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, count) }, keep));
  return tenthsMs;
}

async function close(): Promise<void> {
  await journal?.close();
  journal = null;
}

answerQuestions(
  {
    async open(settings: Readonly<Record<string, string>>) {
      await close();
      const reading = readConfig({ environment: settings });
      if ('errors' in reading) throw new Error(refusalText(reading));
      journal = await openJournal(reading.config.journal);
    },
    fill,
    counts: () => opened().counts(),
    prune: ({ doneBefore, limit }: Pruning) => opened().prune(doneBefore, limit),
    close,
  },
  close,
);
