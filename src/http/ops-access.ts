/** Before every route of the ops listener: who calls, and whether that is enough. Routes say what they need in `config.access`. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config/schema.ts';
import { mustBe, type Operator, operatorOf, type Role } from './operators.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call; absent: viewers. */
    access?: Role | 'anyone';
  }
}

export interface Access {
  /** Who made a request that has passed. */
  of(request: FastifyRequest): Operator | null;
}

export function guard(app: FastifyInstance, tokens: Config['ops']['tokens']): Access {
  const operators = new WeakMap<FastifyRequest, Operator>();
  app.addHook('onRequest', async (request) => {
    const { access = 'viewer' } = request.routeOptions.config;
    if (access === 'anyone') return;
    const operator = operatorOf(tokens, request.method, request.headers);
    operators.set(request, operator);
    mustBe(access, operator);
  });
  return { of: (request) => operators.get(request) ?? null };
}
