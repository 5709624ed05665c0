/** The ops API's document, written from the routes without a gateway behind them, and any document as YAML text. */
import { pino } from 'pino';
import { stringify } from 'yaml';
import type { Ops } from '../ops/ops.ts';
import { makeOpsApp } from './ops-app.ts';

const note = `# Written from the routes in src/http by \`northgate openapi ops\`; a test holds that it is current. Not edited by hand.\n`;

/** What `openapi/ops.yaml` holds. */
export const opsOpenApi = async (): Promise<string> => note + documentText(await opsDocument());

export async function opsDocument(): Promise<object> {
  const config = { ops: { host: 'localhost', port: 0, tls: {}, tokens: [] } };
  // Nothing is asked of it: routes are described, never called.
  const ops = {} as Ops;
  const app = await makeOpsApp({ config, ops, log: pino({ level: 'silent' }) });
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}

/** `compat` quotes yes and no for readers of YAML 1.1. Once as JSON, so that what is shared is written out instead of as YAML's anchors. */
export const documentText = (document: object): string =>
  stringify(JSON.parse(JSON.stringify(document)), { lineWidth: 0, compat: 'yaml-1.1' });
