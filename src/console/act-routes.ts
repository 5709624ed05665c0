/**
 * Acts, one path for all of them: GET shows what would be acted on and asks why, POST acts on exactly what was shown. A
 * viewer is refused, and the refusal is in the audit.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html } from 'ghtml';
import { GatewayError } from '../domain/problem.ts';
import type { Ops } from '../ops/ops.ts';
import type { TransactionView } from '../ops/transaction-view.ts';
import { transactionView } from '../ops/transaction-view.ts';
import { type Act, actOf, actsOn, carryOut } from './acts.ts';
import { type Confirmation, confirmPage, confirmTitle, reasonMaxChars, type Target } from './confirm-page.ts';
import { type Desk, ownPath } from './desk.ts';
import { asked, filterOf, queryOf, textOf, textsOf } from './filter.ts';
import { doneQuery } from './notices.ts';
import { statusBadge } from './words.ts';

const targetsMax = 500;
/** So many at a time go to the journal, which writes those of one turn together. */
const atOnce = 20;

export function actRoutes(app: FastifyInstance, desk: Desk): void {
  const { ops } = desk;

  app.get('/console/acts', async (request, reply) => {
    const act = actOf(textOf(request.query, 'act'));
    mustAct(desk, request, act);
    const chosen = await chosenBy(ops, act, request.query);
    return confirming(desk, request, reply, { act, ...chosen, problem: null });
  });

  app.post('/console/acts', async (request, reply) => {
    const form = request.body;
    const act = actOf(textOf(form, 'act'));
    mustAct(desk, request, act);
    desk.admission.checkForm(request, textOf(form, 'form'));
    const reason = textOf(form, 'reason').slice(0, reasonMaxChars);
    const back = ownPath(textOf(form, 'back'));
    if (reason === '') {
      const problem = 'Say why: whoever looks at it later has only this.';
      const chosen = await chosenById(ops, act, textsOf(form, 'id'));
      return confirming(desk, request, reply.code(400), { act, ...chosen, back, problem });
    }
    const ids = act.on === 'gate' ? [null] : textsOf(form, 'id').slice(0, targetsMax);
    const refusals = await carryOutAll(ops, act, { ids, reason, by: desk.admission.of(request).name });
    if (ids.length === 1 && refusals[0] !== undefined) throw refusals[0];
    const query = new URLSearchParams(doneQuery(act.name, ids.length - refusals.length, refusals.length));
    return reply.redirect(`${back}${back.includes('?') ? '&' : '?'}${query}`, 303);
  });
}

async function carryOutAll(
  ops: Ops,
  act: Act,
  { ids, reason, by }: { ids: readonly (string | null)[]; reason: string; by: string },
): Promise<GatewayError[]> {
  const refusals: GatewayError[] = [];
  for (let index = 0; index < ids.length; index += atOnce) {
    const some = ids.slice(index, index + atOnce).map((id) => carryOut(ops, { act, id, reason, by }));
    for (const refusal of await Promise.all(some)) if (refusal !== null) refusals.push(refusal);
  }
  return refusals;
}

/** @throws GatewayError `forbidden` for a viewer. */
function mustAct(desk: Desk, request: FastifyRequest, act: Act): void {
  const { name, role } = desk.admission.of(request);
  if (role === 'operator') return;
  if (request.method === 'POST') {
    desk.ops.audit.add({ who: name, act: act.operation, target: null, asked: undefined, status: 403 });
  }
  throw new GatewayError('forbidden', { detail: `${name} is a viewer and may not act.` });
}

type Chosen = Pick<Confirmation, 'targets' | 'leftOut' | 'isAll' | 'back'>;

function confirming(
  desk: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  chosen: Omit<Confirmation, 'formToken'>,
): FastifyReply {
  const confirmation = { ...chosen, formToken: desk.admission.of(request).formToken };
  const page = { title: confirmTitle(confirmation), place: null, body: confirmPage(confirmation) };
  return desk.give(reply, desk.frame(request), page);
}

async function chosenBy(ops: Ops, act: Act, query: unknown): Promise<Chosen> {
  if (act.on === 'dead-letters' && textOf(query, 'which') === 'all') return await allLetters(ops);
  if (act.on !== 'transactions' || textOf(query, 'which') !== 'all') {
    const ids = textsOf(query, 'id');
    const chosen = await chosenById(ops, act, ids);
    const filter = queryOf(filterOf(query));
    return act.on === 'transactions' && (ids.length !== 1 || textOf(query, 'which') !== '')
      ? { ...chosen, back: `/console/transactions${filter}` }
      : chosen;
  }
  const filter = filterOf(query);
  const { items, isAll } = await ops.transactions.matching(asked(filter), act.among);
  const allowed = items.filter((item) => isAllowed(act, item));
  return {
    targets: allowed.map(targetOf),
    leftOut: items.length - allowed.length,
    isAll,
    back: `/console/transactions${queryOf(filter)}`,
  };
}

/** The oldest first, as they would have come. */
async function allLetters(ops: Ops): Promise<Chosen> {
  const { items, nextCursor } = await ops.deadLetters.list({ limit: targetsMax });
  const targets = items.toReversed().map(({ id, eventType, channel, method, path }) => ({
    id,
    shown: html`${eventType ?? channel} of <span class="mono"><b>${method}</b> ${path}</span>`,
  }));
  return { targets, leftOut: 0, isAll: nextCursor === null, back: '/console/dead-letters' };
}

async function chosenById(ops: Ops, act: Act, ids: readonly string[]): Promise<Chosen> {
  const wanted = [...new Set(ids)].slice(0, targetsMax);
  if (act.on === 'gate') return { targets: [], leftOut: 0, isAll: true, back: '/console/' };
  if (act.on === 'dead-letters') {
    const targets = wanted.map((id) => ({ id, shown: html`<span class="mono">${id}</span>` }));
    return { targets, leftOut: 0, isAll: true, back: '/console/dead-letters' };
  }
  const found: TransactionView[] = [];
  for (const id of wanted) {
    const transaction = await ops.transactions.byId(id);
    if (transaction !== null) found.push(transactionView(transaction));
  }
  const allowed = found.filter((item) => isAllowed(act, item));
  const [only] = wanted;
  return {
    targets: allowed.map(targetOf),
    leftOut: wanted.length - allowed.length,
    isAll: true,
    back: wanted.length === 1 ? ownPath(`/console/transactions/${only}`) : '/console/transactions',
  };
}

const isAllowed = (act: Act, transaction: TransactionView): boolean =>
  actsOn(transaction).some(({ name }) => name === act.name);

const targetOf = ({ id, status, method, path }: TransactionView): Target => ({
  id,
  shown: html`!${statusBadge(status)} <a class="mono" href="/console/transactions/${id}"><b>${method}</b> ${path}</a>`,
});
