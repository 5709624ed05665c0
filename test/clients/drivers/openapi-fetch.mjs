/**
 * An orchestrator on openapi-fetch with types of openapi-typescript. Requests are typed objects that the caller's own
 * serializer writes as XML; ESC's answers are text (`parseAs`), the gateway's are JSON. JavaScript with checked types,
 * since what it imports is there only in a workplace (`../workplace.ts`), where the clients' own compiler checks it.
 */
import createClient from 'openapi-fetch';

/** @import { Orchestrator, ProblemSeen, Reply, Surroundings, TransactionSeen, Wishes } from '../orchestrator.ts' */
/** @import { components as Northbound, paths as NorthboundPaths } from '../generated/northbound.ts' */
/** @import { components as Ops, paths as OpsPaths } from '../generated/ops.ts' */
/** @typedef {Northbound['schemas']['Problem'] | Ops['schemas']['Problem']} Problem */

/**
 * @param {Surroundings} surroundings
 * @returns {Orchestrator}
 */
export function orchestrator({ northboundUrl, opsUrl, username, password, opsToken, toXml, fromXml }) {
  const northbound = /** @type {typeof createClient<NorthboundPaths>} */ (createClient)({
    baseUrl: northboundUrl,
    headers: { Authorization: `Basic ${btoa(`${username}:${password}`)}` },
  });
  const ops = /** @type {typeof createClient<OpsPaths>} */ (createClient)({
    baseUrl: opsUrl,
    headers: { Authorization: `Bearer ${opsToken}` },
  });
  const asText = /** @type {const} */ ({ parseAs: 'text' });
  const xml = { 'Content-Type': 'application/xml' };

  return {
    createTenant: async (id, name, wishes = {}) =>
      replyOf(
        await northbound.POST('/ESCManager/v0/tenants/{tenant}', {
          params: { path: { tenant: id }, header: headersOf(wishes) },
          body: { name },
          bodySerializer: (body) => toXml('tenant', body),
          headers: xml,
          ...asText,
        }),
      ),
    readTenant: async (id) => {
      const given = await northbound.GET('/ESCManager/v0/tenants/{tenant}', {
        params: { path: { tenant: id } },
        ...asText,
      });
      return replyOf(given, (text) => /** @type {Northbound['schemas']['EscTenant']} */ (fromXml(text)));
    },
    deleteTenant: async (id) =>
      replyOf(
        await northbound.DELETE('/ESCManager/v0/tenants/{tenant}', { params: { path: { tenant: id } }, ...asText }),
      ),
    createNetwork: async (tenant, id) =>
      replyOf(
        await northbound.POST('/ESCManager/v0/{tenant}/networks/{network}', {
          params: { path: { tenant, network: id } },
          body: { name: id },
          bodySerializer: (body) => toXml('network', body),
          headers: xml,
          ...asText,
        }),
      ),
    createDeployment: async (tenant, id, network) =>
      replyOf(
        await northbound.POST('/ESCManager/v0/{tenant}/deployments/{deployment}', {
          params: { path: { tenant, deployment: id } },
          body: {
            name: id,
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
          bodySerializer: (body) => toXml('deployment', body),
          headers: xml,
          ...asText,
        }),
      ),
    transaction: async (id) =>
      replyOf(await northbound.GET('/northgate/v1/transactions/{id}', { params: { path: { id } } }), seen),
    recordedAnswer: async (id) =>
      replyOf(
        await northbound.GET('/northgate/v1/transactions/{id}/response', { params: { path: { id } }, ...asText }),
      ),
    pair: async () => replyOf(await ops.GET('/v1/pair')),
    switchovers: async () => replyOf(await ops.GET('/v1/switchovers')),
    transactions: async (status) =>
      replyOf(await ops.GET('/v1/transactions', { params: { query: { status } } }), ({ items }) => items.map(seen)),
    replay: async (id) => replyOf(await ops.POST('/v1/transactions/{id}/replay', { params: { path: { id } } }), seen),
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
 * @param {{ data?: Data, error?: Problem | string, response: Response }} given
 * @param {(data: Data) => Value} read
 * @returns {Reply<Value>}
 */
function replyOf({ data, error, response }, read = (given) => /** @type {any} */ (given)) {
  // Where ESC itself may answer, its errors have other content types, and the document says that they are text.
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  return {
    status: response.status,
    headers: response.headers,
    value: data === undefined ? null : read(data),
    problem: isProblem && typeof error === 'object' ? error : null,
  };
}

/**
 * @param {Northbound['schemas']['Transaction'] | Ops['schemas']['Transaction']} transaction
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
