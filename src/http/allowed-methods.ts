/** Which methods a path takes, so that the wrong one is told from the wrong path: 405 with Allow (RFC 9110 section 15.5.6). */
import type { FastifyInstance } from 'fastify';
import router, { type HTTPMethod } from 'find-my-way';
import { GatewayError } from '../domain/problem.ts';

const methods: readonly HTTPMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Watches the routes that are registered from now on; the result is the error for a request that none of them takes. */
export function refusalOfUnrouted(app: FastifyInstance): (method: string, target: string) => GatewayError {
  const routes = router();
  app.addHook('onRoute', (route) => {
    // What takes whatever is left takes nothing by itself.
    if (route.url.endsWith('*')) return;
    for (const method of [route.method].flat()) routes.on(method as HTTPMethod, route.url, () => undefined);
  });
  return (method, target) => {
    const path = target.split('?', 1)[0] ?? '';
    const takes = (each: HTTPMethod): boolean => routes.find(each, path) !== null;
    // Of a page at `/docs` and `/docs/` the hook hears of one GET and of both HEADs, and no HEAD is without its GET.
    const allowed = methods.filter((each) => takes(each) || (each === 'GET' && takes('HEAD')));
    if (allowed.length === 0) return new GatewayError('not-found', { detail: `There is no ${path} here.` });
    return new GatewayError('method-not-allowed', {
      detail: `${path} does not take ${method}.`,
      headers: { Allow: allowed.join(', ') },
    });
  };
}
