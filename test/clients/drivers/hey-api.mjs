/**
 * An orchestrator on the functions and the fetch client that @hey-api/openapi-ts makes. Requests are typed objects that
 * the caller's own serializer writes as XML; ESC's answers are text (`parseAs`), the gateway's are JSON. JavaScript with
 * checked types, since what it imports is there only in a workplace (`../workplace.ts`).
 */
import { createClient } from '../generated/northbound/client/index.js';
import * as northbound from '../generated/northbound/index.js';
import { createClient as createOpsClient } from '../generated/ops/client/index.js';
import * as ops from '../generated/ops/index.js';

/** @import { Orchestrator, Reply, Surroundings, TransactionSeen, Wishes } from '../orchestrator.ts' */

/**
 * @param {Surroundings} surroundings
 * @returns {Orchestrator}
 */
export function orchestrator({ northboundUrl, opsUrl, username, password, opsToken, toXml, fromXml }) {
  const client = createClient({
    baseUrl: northboundUrl,
    auth: ({ scheme }) => (scheme === 'basic' ? `${username}:${password}` : undefined),
  });
  const opsClient = createOpsClient({ baseUrl: opsUrl, auth: opsToken });
  const own = { client };
  const esc = { client, parseAs: /** @type {const} */ ('text') };
  /** @param {string} root */
  const xml = (root) => ({ ...esc, bodySerializer: (/** @type {unknown} */ body) => toXml(root, body) });

  return {
    createTenant: async (tenant, name, wishes = {}) =>
      replyOf(
        await northbound.createTenant({
          ...xml('tenant'),
          path: { tenant },
          headers: headersOf(wishes),
          body: { name },
        }),
      ),
    readTenant: async (tenant) =>
      replyOf(
        await northbound.getTenant({ ...esc, path: { tenant } }),
        (text) => /** @type {northbound.EscTenant} */ (fromXml(String(text))),
      ),
    deleteTenant: async (tenant) => replyOf(await northbound.deleteTenant({ ...esc, path: { tenant } }), String),
    createNetwork: async (tenant, network) =>
      replyOf(
        await northbound.createNetwork({ ...xml('network'), path: { tenant, network }, body: { name: network } }),
      ),
    createDeployment: async (tenant, deployment, network) =>
      replyOf(
        await northbound.createDeploymentOfTenant({
          ...xml('deployment'),
          path: { tenant, deployment },
          body: {
            name: deployment,
            vm_group: [
              {
                name: 'g1',
                image: 'img',
                flavor: 'flv',
                bootup_time: 600,
                interfaces: { interface: [{ nicid: 0, network }] },
              },
            ],
          },
        }),
      ),
    transaction: async (id) => replyOf(await northbound.getTransaction({ ...own, path: { id } }), seen),
    recordedAnswer: async (id) => replyOf(await northbound.getTransactionResponse({ ...esc, path: { id } })),
    pair: async () => replyOf(await ops.getPair({ client: opsClient })),
    switchovers: async () => replyOf(await ops.listSwitchovers({ client: opsClient })),
    transactions: async (status) =>
      replyOf(await ops.listTransactions({ client: opsClient, query: { status } }), ({ items }) => items.map(seen)),
    replay: async (id) => replyOf(await ops.replayTransaction({ client: opsClient, path: { id } }), seen),
  };
}

/** @param {Wishes} wishes */
const headersOf = ({ idempotencyKey, prefer }) => ({
  ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
  ...(prefer === undefined ? {} : { Prefer: prefer }),
});

/**
 * @template Data
 * @template [Value=Data]
 * @param {{ data?: Data, error?: northbound.Problem | ops.Problem | string, response?: Response }} given
 * @param {(data: NonNullable<Data>) => Value} read
 * @returns {Reply<Value>}
 */
function replyOf({ data, error, response }, read = (given) => /** @type {any} */ (given)) {
  if (response === undefined) throw new Error('the gateway did not answer', { cause: error });
  // Where ESC itself may answer, its errors have other content types, and the document says that they are text.
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  return {
    status: response.status,
    headers: response.headers,
    value: data === undefined || data === null ? null : read(data),
    problem: isProblem && typeof error === 'object' ? error : null,
  };
}

/**
 * @param {northbound.Transaction | ops.Transaction} transaction
 * @returns {TransactionSeen}
 */
const seen = ({ id, status, path, attempts, receivedAt, settledAt, responseStatus }) => ({
  id,
  status,
  path,
  attempts: attempts.length,
  receivedAt,
  settledAt: settledAt ?? null,
  responseStatus: responseStatus ?? null,
});
