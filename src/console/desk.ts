/** What every route of the console has at hand: the read model, who asks, and how a page is given. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Ops } from '../ops/ops.ts';
import type { Admission } from './admission.ts';
import type { Assets } from './assets.ts';
import { type Frame, layout, type Page } from './layout.ts';
import type { Session } from './sessions.ts';

const urlMaxChars = 2048;

/** A path of this console, with its query. */
const pathForm = /^\/console\/[\w\-./~%?=&+:,*]*$/;

export class Desk {
  readonly ops: Ops;
  readonly admission: Admission;
  readonly #assets: Assets;

  constructor(ops: Ops, admission: Admission, assets: Assets) {
    this.ops = ops;
    this.admission = admission;
    this.#assets = assets;
  }

  frame(request: FastifyRequest, session: Session | null = this.admission.of(request)): Frame {
    const { ops, admission } = this;
    return { assets: this.#assets, pair: ops.pair.view(), session, hasLogIn: admission.hasLogIn, url: request.url };
  }

  mayAct(request: FastifyRequest): boolean {
    return this.admission.of(request).role === 'operator';
  }

  give(reply: FastifyReply, frame: Frame, page: Page): FastifyReply {
    return reply.type('text/html; charset=utf-8').send(layout(frame, page));
  }
}

/** `given` if it is a path of this console, which is all that it ever leads to; else `otherwise`. */
export const ownPath = (given: string, otherwise = '/console/'): string =>
  given.length <= urlMaxChars && pathForm.test(given) ? given : otherwise;
