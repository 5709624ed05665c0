/** The pages that only read: each asks the read model, and gives a page in the frame. */
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../domain/problem.ts';
import { JournalUnavailable } from '../journal/journal.ts';
import { counted, type History } from '../ops/history.ts';
import { type Legible, legible } from '../ops/legible.ts';
import { needsOf } from '../ops/needs.ts';
import type { Ops } from '../ops/ops.ts';
import { storyOf } from '../ops/story.ts';
import { transactionView } from '../ops/transaction-view.ts';
import { auditPage } from './audit-page.ts';
import { deadLettersPage } from './dead-letters-page.ts';
import type { Desk } from './desk.ts';
import { asked, filterOf, isEmpty, textOf } from './filter.ts';
import { live } from './layout.ts';
import { doneNotice } from './notices.ts';
import { type Overview, overviewPage, overviewTitle } from './overview-page.ts';
import { switchoverPage } from './switchover-page.ts';
import { switchoversPage } from './switchovers-page.ts';
import { ranges } from './timeline.ts';
import { transactionMessages, transactionState } from './transaction-page.ts';
import { filterForm, transactionList } from './transactions-page.ts';

const perPage = 50;
const auditShown = 200;
const switchoversShown = 100;
const waitingShown = 5;
/** Told of once each receiver, so that what is read may be more than what is shown. */
const lettersRead = 100;

export function readRoutes(app: FastifyInstance, desk: Desk): void {
  const { ops } = desk;

  app.get('/console/', async (request, reply) => {
    const frame = desk.frame(request);
    const given = Number(textOf(request.query, 'hours'));
    const overview = await overviewOf(ops, ranges.has(given) ? given : hoursOf(ops.history), desk.mayAct(request));
    const body = doneNotice(request.query) + live(frame, overviewPage(overview));
    return desk.give(reply, frame, { title: overviewTitle(overview), place: 'overview', body });
  });

  app.get('/console/transactions', async (request, reply) => {
    const filter = filterOf(request.query);
    const known = filter.q === '' ? null : await ops.transactions.byId(filter.q);
    if (known !== null) return reply.redirect(`/console/transactions/${known.id}`, 303);
    const cursor = textOf(request.query, 'cursor');
    const page = await ops.transactions.list({
      ...asked(filter),
      ...(cursor === '' ? {} : { cursor }),
      limit: perPage,
    });
    const frame = desk.frame(request);
    const list = transactionList({
      filter,
      page,
      isLater: cursor !== '',
      mayAct: desk.mayAct(request),
      now: Date.now(),
    });
    const heading = isEmpty(filter) ? 'Transactions' : 'Transactions that match';
    const body = `<h1>${heading}</h1>${doneNotice(request.query)}${filterForm(filter)}${live(frame, list)}`;
    return desk.give(reply, frame, { title: heading, place: 'transactions', body });
  });

  app.get<{ Params: { id: string } }>('/console/transactions/:id', async (request, reply) => {
    const { id } = request.params;
    const record = await ops.transactions.get(id);
    const transaction = transactionView(record);
    const story = {
      transaction,
      story: storyOf(record),
      request: await orNone(ops.transactions.request(id)),
      response: await orNone(ops.transactions.response(id)),
      mayAct: desk.mayAct(request),
      now: Date.now(),
    };
    const frame = desk.frame(request);
    const body = doneNotice(request.query) + live(frame, transactionState(story)) + transactionMessages(story);
    const title = `${transaction.method} ${transaction.path}: ${transaction.status}`;
    return desk.give(reply, frame, { title, place: 'transactions', body });
  });

  app.get('/console/switchovers', async (request, reply) => {
    const frame = desk.frame(request);
    const body = live(frame, switchoversPage(await ops.pair.switchovers(switchoversShown), Date.now()));
    return desk.give(reply, frame, { title: 'Switchovers', place: 'switchovers', body });
  });

  app.get<{ Params: { epoch: string } }>('/console/switchovers/:epoch', async (request, reply) => {
    const story = await ops.pair.switchover(Number(request.params.epoch));
    if (story === null) throw new GatewayError('not-found', { detail: 'No switchover began that epoch.' });
    const frame = desk.frame(request);
    const body = live(frame, switchoverPage({ ...story, now: Date.now() }));
    const title = `Switchover into epoch ${story.switchover.epoch}`;
    return desk.give(reply, frame, { title, place: 'switchovers', body });
  });

  app.get('/console/dead-letters', async (request, reply) => {
    const cursor = textOf(request.query, 'cursor');
    const page = await ops.deadLetters.list({ ...(cursor === '' ? {} : { cursor }), limit: perPage });
    const frame = desk.frame(request);
    const letters = deadLettersPage({ page, mayAct: desk.mayAct(request), now: Date.now() });
    // A list with boxes to tick does not move under a person's hand.
    return desk.give(reply, frame, {
      title: 'Dead letters',
      place: 'dead-letters',
      body: doneNotice(request.query) + letters,
    });
  });

  app.get('/console/audit', async (request, reply) => {
    const frame = desk.frame(request);
    const body = live(frame, auditPage(ops.audit.newest(auditShown), Date.now()));
    return desk.give(reply, frame, { title: 'Audit', place: 'audit', body });
  });
}

/** Six, unless all that happened in them fits into the last one. */
function hoursOf(history: History): number {
  const { spans, spanMs } = history.view(6, ranges.get(6) ?? 1);
  const lastHourAt = (spans.at(-1)?.at ?? 0) + spanMs - 60 * 60 * 1000;
  const busy = spans.filter(({ counts }) => counted.some((what) => counts[what] > 0));
  return busy.length > 0 && busy.every(({ at }) => at >= lastHourAt) ? 1 : 6;
}

/** Told as far as it is known while the journal is away. */
async function overviewOf(ops: Ops, hours: number, mayAct: boolean): Promise<Overview> {
  const pair = await ops.pair.status();
  const status = 'awaiting-operator' as const;
  const waiting = await orNull(ops.transactions.list({ status, limit: waitingShown }));
  const letters = await orNull(ops.deadLetters.list({ limit: lettersRead }));
  const switchovers = await orNull(ops.pair.switchovers(switchoversShown));
  const found = {
    pair,
    waiting: waiting?.items ?? null,
    waitingCount: pair.transactions?.[status] ?? 0,
    letters: letters?.items ?? [],
    hasMoreLetters: (letters?.nextCursor ?? null) !== null,
  };
  return {
    pair,
    needs: needsOf(found),
    history: ops.history.view(hours, ranges.get(hours) ?? 1),
    hours,
    switchovers: switchovers ?? [],
    mayAct,
    now: Date.now(),
  };
}

const orNull = <T>(reading: Promise<T>): Promise<T | null> =>
  reading.catch((error: unknown) => {
    if (error instanceof JournalUnavailable) return null;
    throw error;
  });

const orNone = async (reading: Promise<Buffer>): Promise<Legible | null> =>
  reading.then(legible, (error: unknown) => {
    if (error instanceof GatewayError && error.code === 'not-found') return null;
    throw error;
  });
