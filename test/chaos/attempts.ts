/** Which attempt of which transaction a request at ESC is: the token in the URL it reports to says so. */
import type { ExecutedRequest } from '../../src/sim/ledger.ts';

export interface SentAs {
  readonly transaction: string;
  readonly attempt: number;
  readonly isCleanUp: boolean;
}

/** Null: it bears no token of a gateway. */
export function attemptOf({ headers }: Pick<ExecutedRequest, 'headers'>): SentAs | null {
  const found = /\/northgate\/v1\/callbacks\/([\w-]+)\.(\d+)\.([cex])\./.exec(headers.callback ?? '');
  if (found === null) return null;
  const [, transaction = '', attempt = '', kind] = found;
  return { transaction, attempt: Number(attempt), isCleanUp: kind === 'x' };
}
