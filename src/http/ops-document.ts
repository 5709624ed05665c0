/**
 * What stands around the routes in the ops API's OpenAPI document, which is written from the routes themselves.
 * 3.0.3, because many generators refuse 3.1 (contract section 5).
 */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

export const describeOps = (): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.0.3',
    info: {
      title: 'Northgate operations',
      version: '0.1.0',
      contact: { name: 'Northgate' },
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      description:
        'What operators, the console and monitoring ask of a Northgate gateway. Viewers read, operators act; every act is in the audit log.',
    },
    servers: [{ url: '/', description: 'Where the ops listener listens.' }],
    tags: [
      { name: 'pair', description: 'The two ESC nodes, the gate and switchovers.' },
      { name: 'transactions', description: 'The journal of transactions.' },
      { name: 'service', description: 'The gateway process itself.' },
    ],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token of `ops.tokens`; without any, only loopback.' },
      },
    },
    security: [{ bearer: [] }],
  },
  transform: ({ schema, url }) => ({ schema: { ...schema, querystring: optionalByDefault(schema.querystring) }, url }),
  refResolver: { buildLocalReference: (schema) => String(schema.$id) },
});

/** What has a default may be left out. TypeBox lists it as required, since who reads the parsed query always finds it. */
function optionalByDefault(query: unknown): unknown {
  const { properties, required } = (query ?? {}) as { properties?: Record<string, object>; required?: string[] };
  if (properties === undefined || required === undefined) return query;
  return { ...(query as object), required: required.filter((name) => !('default' in (properties[name] ?? {}))) };
}
