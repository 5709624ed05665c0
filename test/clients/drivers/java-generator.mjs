/**
 * An orchestrator on the classes that the Java generator makes (openapi-generator 4.3.1, typescript-fetch). It writes and
 * reads JSON whatever the media type, so two middlewares of the caller's turn ESC's documents into XML and back; it throws
 * what is no 2xx. JavaScript with checked types, since what it imports is there only in a workplace (`../workplace.ts`).
 */
import * as northbound from '../generated/northbound/index.js';
import * as ops from '../generated/ops/index.js';

/** @import { Orchestrator, Reply, Surroundings, TransactionSeen } from '../orchestrator.ts' */

/**
 * @param {Surroundings} surroundings
 * @returns {Orchestrator}
 */
export function orchestrator({ northboundUrl, opsUrl, username, password, opsToken, toXml, fromXml }) {
  const configuration = new northbound.Configuration({ basePath: northboundUrl, username, password, fetchApi: fetch });
  const opsConfiguration = new ops.Configuration({ basePath: opsUrl, accessToken: opsToken, fetchApi: fetch });

  /**
   * @param {string} root The element that the resources of an API have.
   * @returns {northbound.Middleware}
   */
  const speaksXml = (root) => ({
    pre: async ({ url, init }) =>
      typeof init.body === 'string' ? { url, init: { ...init, body: toXml(root, JSON.parse(init.body)) } } : undefined,
    post: async ({ init, response }) => {
      const isDocument = init.method === 'GET' && response.headers.get('content-type')?.includes('xml') === true;
      if (!isDocument || !response.ok) return undefined;
      const { status, headers } = response;
      return new Response(JSON.stringify(fromXml(await response.text())), { status, headers });
    },
  });
  const tenants = new northbound.TenantsApi(configuration).withMiddleware(speaksXml('tenant'));
  const networks = new northbound.NetworksApi(configuration).withMiddleware(speaksXml('network'));
  const deployments = new northbound.DeploymentsApi(configuration).withMiddleware(speaksXml('deployment'));
  const gateway = new northbound.GatewayApi(configuration);
  const pair = new ops.PairApi(opsConfiguration);
  const transactions = new ops.TransactionsApi(opsConfiguration);

  return {
    createTenant: (tenant, name, wishes = {}) =>
      replyOf(tenants.createTenantRaw({ tenant, escTenant: { name }, ...wishes })),
    readTenant: (tenant) => replyOf(tenants.getTenantRaw({ tenant })),
    deleteTenant: (tenant) => replyOf(tenants.deleteTenantRaw({ tenant })),
    createNetwork: (tenant, network) =>
      replyOf(networks.createNetworkRaw({ tenant, network, escNetwork: { name: network } })),
    createDeployment: (tenant, deployment, network) => {
      const interfaces = { _interface: [{ nicid: 0, network }] };
      const vmGroup = [{ name: 'g1', image: 'img', flavor: 'flv', bootupTime: 600, interfaces }];
      const escDeployment = { name: deployment, vmGroup };
      return replyOf(deployments.createDeploymentOfTenantRaw({ tenant, deployment, escDeployment }));
    },
    transaction: (id) => replyOf(gateway.getTransactionRaw({ id }), seen),
    recordedAnswer: (id) => replyOf(gateway.getTransactionResponseRaw({ id })),
    pair: () => replyOf(pair.getPairRaw()),
    switchovers: () => replyOf(pair.listSwitchoversRaw({})),
    transactions: (status) =>
      replyOf(
        transactions.listTransactionsRaw({ status: /** @type {ops.ListTransactionsStatusEnum} */ (status) }),
        ({ items }) => items.map(seen),
      ),
    replay: (id) => replyOf(transactions.replayTransactionRaw({ id }), seen),
  };
}

/**
 * @template Data
 * @template [Value=Data]
 * @param {Promise<{ raw: Response, value(): Promise<Data> }>} request
 * @param {(data: Data) => Value} read
 * @returns {Promise<Reply<Value>>}
 */
async function replyOf(request, read = (given) => /** @type {any} */ (given)) {
  try {
    const given = await request;
    const { status, headers } = given.raw;
    return { status, headers, value: read(await given.value()), problem: null };
  } catch (thrown) {
    if (!(thrown instanceof Response)) throw thrown;
    const { status, headers } = thrown;
    const isProblem = headers.get('content-type')?.startsWith('application/problem+json') === true;
    return {
      status,
      headers,
      value: null,
      problem: isProblem ? northbound.ProblemFromJSON(await thrown.json()) : null,
    };
  }
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
  receivedAt: receivedAt.toISOString(),
  settledAt: settledAt?.toISOString() ?? null,
  responseStatus: responseStatus ?? null,
});
