/** Clients and operators with tokens, and small questions, for the tests of the OWASP API Security Top 10. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type Told, tenantXml, type World } from '../support/world.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const withClients = {
  NORTHGATE_NORTHBOUND_CLIENTS: JSON.stringify(['ann', 'bob'].map((name) => ({ name, tokenSha256: sha256(name) }))),
  NORTHGATE_ESC_USERNAME: 'gateway',
  NORTHGATE_ESC_PASSWORD: 'pw',
};
export const [ann, bob] = [{ authorization: 'Bearer ann' }, { authorization: 'Bearer bob' }];
export const withTokens = {
  NORTHGATE_OPS_TOKENS: JSON.stringify([
    { name: 'vera', role: 'viewer', sha256: sha256('vera') },
    { name: 'otto', role: 'operator', sha256: sha256('otto') },
  ]),
};
export const codeOf = ({ body }: Told): string => JSON.parse(body).type.replace('urn:northgate:problem:', '');
export const idOf = ({ headers }: Told): string => String(headers['northgate-transaction']);
/** What is there that ESC does not begin with. */
export const created = ({ pair }: World) => pair.resources().filter(({ id }) => id !== 'SystemAdminTenantId');
export const create = (world: World, name: string, headers: Record<string, string>): Promise<Told> =>
  world.send('POST', `/ESCManager/v0/tenants/${name}`, tenantXml(name), headers);

export interface Document {
  readonly paths: Record<string, Record<string, { operationId?: string; security?: unknown[] }>>;
  readonly components: { readonly schemas: Record<string, { properties?: Record<string, unknown> }> };
}

export const documentOf = (name: string): Document =>
  parse(readFileSync(new URL(`../../openapi/${name}.yaml`, import.meta.url), 'utf8')) as Document;

export function propertiesOf(document: string, schema: string): string[] {
  const { properties } = documentOf(document).components.schemas[schema] ?? {};
  assert.ok(properties !== undefined, `no schema ${schema}`);
  return Object.keys(properties);
}
