/**
 * ESC's health report (esc.md section 5): what `GET /esc/health` answered, read from XML or JSON.
 * Invariant: whatever a health port answers gives a reading; what is not clearly a report is `unreadable` with a reason, and
 * nothing unreadable is ever ready. It does not conclude what a node's health is; `domain/health.ts` does, of several readings.
 */
import { elements, isHtml, readDocument, textOf, type Value } from './bodies.ts';

/** A report larger than this is none. An active/active report with its nodes stays far below. */
const healthReportMaxBytes = 65_536;
const messageMaxChars = 500;
const nodesMax = 16;

type Stage = 'INIT' | 'READY';

/** One node of an active/active report (esc.md section 6.6). */
interface ReportedNode {
  readonly name: string;
  readonly status: string | null;
}

interface HealthReport {
  readonly kind: 'report';
  /** Four digits: 2000 and up operational, 5000 and up not in service. */
  readonly code: number;
  /** INIT takes only pre-provisioning; null where the report has none. */
  readonly stage: Stage | null;
  readonly message: string;
  readonly nodes: readonly ReportedNode[];
}

export type HealthReading = HealthReport | { readonly kind: 'unreadable'; readonly reason: string };

type Label = 'documented' | 'recalled';

/** What the codes mean, and how well that is known (esc.md section 5). Codes beyond it are read by their thousands. */
export const healthCodes: readonly { readonly code: number; readonly label: Label; readonly meaning: string }[] = [
  { code: 2000, label: 'recalled', meaning: 'all ESC services are running' },
  { code: 2010, label: 'documented', meaning: 'running; the other node is not reachable or not healthy' },
  { code: 2020, label: 'recalled', meaning: 'running; a VIM service is not reachable' },
  { code: 2030, label: 'recalled', meaning: 'running; no VIM credentials were given' },
  { code: 2040, label: 'recalled', meaning: 'running; the connection to the VIM is being made' },
  { code: 2100, label: 'recalled', meaning: 'running; neither the other node nor a VIM service is reachable' },
  { code: 5010, label: 'recalled', meaning: 'ESC_MANAGER is not running' },
  { code: 5020, label: 'recalled', meaning: 'CONFD is not running' },
  { code: 5030, label: 'recalled', meaning: 'MONA (monitoring) is not running' },
  { code: 5040, label: 'recalled', meaning: 'VIM_MANAGER is not running' },
  { code: 5090, label: 'recalled', meaning: 'more than one ESC service is not running' },
];

/** The meaning of a code, null for one that is not in the table. */
export const meaningOf = (code: number): string | null =>
  healthCodes.find((known) => known.code === code)?.meaning ?? null;

const unreadable = (reason: string): HealthReading => ({ kind: 'unreadable', reason });

/** Reads an answer of the health monitor. A 5xxx report may come with HTTP 200 or 5xx (esc.md section 5) [inferred]. */
export function readHealthReport(httpStatus: number, contentType: string, body: Uint8Array): HealthReading {
  if (httpStatus === 401 || httpStatus === 403) return unreadable(`HTTP ${httpStatus}: the credentials were refused`);
  if (body.byteLength > healthReportMaxBytes) return unreadable(`larger than ${healthReportMaxBytes} bytes`);
  if (isHtml(contentType, body)) return unreadable(`HTTP ${httpStatus} with a page instead of a report`);
  const document = readDocument(body, true);
  if (document === null) return unreadable(`HTTP ${httpStatus} with a body that is no report`);
  const code = Number(firstText(document, 'statuscode'));
  if (!Number.isInteger(code) || code < 1000 || code > 9999)
    return unreadable(`HTTP ${httpStatus} without a status code`);
  const succeeded = httpStatus >= 200 && httpStatus < 300;
  if (!succeeded && isOperational(code)) return unreadable(`HTTP ${httpStatus} contradicts code ${code}`);
  const stage = firstText(document, 'stage')?.toUpperCase() ?? null;
  if (stage !== null && stage !== 'INIT' && stage !== 'READY') return unreadable(`unknown stage ${stage.slice(0, 40)}`);
  const message = (firstText(document, 'message') ?? '').slice(0, messageMaxChars);
  return { kind: 'report', code, stage, message, nodes: nodesOf(document) };
}

const isOperational = (code: number): boolean => code >= 2000 && code < 3000;

/**
 * Whether requests may be sent: 2xxx and READY, or 2xxx without a stage from a version that never sends one (esc.md section 5).
 * `sendsStage`: whether any report of this pair ever had one. A missing stage is not READY where it is usually there.
 */
export function isReady(reading: HealthReading, sendsStage = true): boolean {
  if (reading.kind === 'unreadable' || !isOperational(reading.code)) return false;
  return reading.stage === 'READY' || (reading.stage === null && !sendsStage);
}

/** The report's own elements lie in its root, or are the members of a JSON object. */
function firstText(document: Value, wanted: string): string | null {
  for (const { name, value } of elements(document, 1)) {
    if (name === wanted) return textOf(value);
  }
  return null;
}

function nodesOf(document: Value): ReportedNode[] {
  const nodes: ReportedNode[] = [];
  for (const { name, value } of elements(document, 3)) {
    if ((name !== 'node' && name !== 'nodes') || nodes.length === nodesMax) continue;
    const children = [...elements(value, 0)];
    const text = (wanted: string) => textOf(children.find((child) => child.name === wanted)?.value ?? '');
    const nodeName = text('name');
    if (nodeName !== null) nodes.push({ name: nodeName, status: text('status') });
  }
  return nodes;
}
