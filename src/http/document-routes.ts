/**
 * The OpenAPI documents on both listeners: as 3.0.3, as 3.1 made from it, and as a page to browse. The page's scripts and
 * styles are served from here, so that it works where there is no internet, and it may load nothing else.
 * The page asks for no credentials: a browser sends none when it is opened, and a document has no secrets.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { asOpenApi31 } from './openapi-31.ts';

/** Nothing from elsewhere, nothing inline; the page asks its own listener only. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What a browser is told of the page beside its policy, for browsers that do not know the policy whole. */
const pageFields = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** `GET base/openapi.json`, `base/openapi-3.1.json` and the page at `base/docs`, of a document that is parsed already. */
export function documentRoutes(app: FastifyInstance, base: string, document: object): void {
  const rendered = asOpenApi31(document);
  const give = (path: string, given: object): void => {
    app.get(path, (_, reply) => reply.header('X-Content-Type-Options', 'nosniff').send(given));
  };
  give(`${base}/openapi.json`, document);
  give(`${base}/openapi-3.1.json`, rendered);
  void app.register((docs, _, done) => {
    void docs.register(swagger, { mode: 'static', specification: { document: document as never } });
    documentPage(docs, `${base}/docs`, 'Northgate northbound');
    done();
  });
}

/** The page at `path`, of what `app.swagger()` gives when it is asked for. */
export function documentPage(app: FastifyInstance, path: string, title: string): void {
  void app.register((page, _, done) => {
    page.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'anyone' };
    });
    page.addHook('onSend', async (_, reply) => {
      reply.headers(pageFields);
    });
    void page.register(swaggerUi, {
      routePrefix: path,
      staticCSP: contentPolicy,
      theme: { title },
      // Requests that change something are better made by a client that keeps its key.
      uiConfig: { deepLinking: true, supportedSubmitMethods: ['get'] },
    });
    done();
  });
}
