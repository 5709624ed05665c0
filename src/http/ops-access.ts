/** Before every route of the ops listener: who calls, and whether that is enough. Routes say what they need in `config.access`. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { GatewayError } from '../domain/problem.ts';
import { FailedLogIns } from './failed-log-ins.ts';
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

export function guard(app: FastifyInstance, tokens: Config['ops']['tokens'], log: Logger): Access {
  const tries = new FailedLogIns(log);
  const operators = new WeakMap<FastifyRequest, Operator>();
  const checked = async ({ method, headers, ip }: FastifyRequest): Promise<Operator> => {
    const { authorization } = headers;
    try {
      return operatorOf(tokens, method, headers);
    } catch (error) {
      const isWrong = error instanceof GatewayError && error.code === 'unauthorized' && authorization !== undefined;
      if (isWrong) await tries.failed({ address: ip, name: '' }, 'ops');
      throw error;
    }
  };
  app.addHook('onRequest', async (request) => {
    const { access = 'viewer' } = request.routeOptions.config;
    if (access === 'anyone') return;
    const operator = await checked(request);
    operators.set(request, operator);
    mustBe(access, operator);
  });
  return { of: (request) => operators.get(request) ?? null };
}
