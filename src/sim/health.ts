// The health monitor's report (reference/esc.md 5): which code follows from what runs, and how it is written in XML and
// JSON. Pure; the table of codes is data.
import type { PairSettings } from './profiles.ts';
import type { Phase } from './takeover.ts';
import { renderPlainXml } from './xml.ts';

export type HealthReport = { statusCode: number; stage: 'INIT' | 'READY' | undefined };

const messages: Readonly<Record<number, string>> = {
  2000: 'ESC services are running.',
  2010: 'ESC services are running. ESC High-Availability node not reachable.',
  2020: 'ESC services are running. One or more VIM services not reachable.',
  2030: 'ESC services are running. VIM credentials not provided.',
  2040: 'ESC services are running. VIM is configured, ESC initializing connection to VIM.',
  2100: 'ESC services are running. ESC High-Availability node not reachable. One or more VIM services not reachable.',
  5010: 'ESC service, ESC_MANAGER is not running.',
  5020: 'ESC service, CONFD is not running.',
  5030: 'ESC service, MONA is not running.',
  5040: 'ESC service, VIM_MANAGER is not running.',
  5090: 'More than one ESC service is not running.',
};

/** The code for one service alone that does not run. */
const codeOfService: Readonly<Record<string, number>> = { escmanager: 5010, confd: 5020, mona: 5030, vimmanager: 5040 };

/** What a node's monitor reports while its services start, and once they run. */
export function healthOf(
  order: readonly string[],
  running: readonly string[],
  phase: Phase,
  isPeerBack: boolean,
): HealthReport {
  const missing = order.filter((name) => !running.includes(name));
  const [first] = missing;
  if (first !== undefined) {
    return { statusCode: (missing.length === 1 && codeOfService[first]) || 5090, stage: undefined };
  }
  return { statusCode: isPeerBack ? 2000 : 2010, stage: phase === 'P4' ? 'READY' : 'INIT' };
}

/** A report as an HTTP answer, JSON if `accept` asks for it. The stage is there only with a code of the 2000s. */
export function renderHealth(
  { statusCode, stage }: HealthReport,
  accept: string,
  profiles: PairSettings['profiles'],
): { status: number; contentType: string; body: string } {
  const isOperational = statusCode < 5000;
  const fields: Record<string, string> = { status_code: String(statusCode) };
  if (isOperational && stage) fields.stage = stage;
  fields.message = messages[statusCode] ?? 'ESC services are running.';
  const status = isOperational || profiles.healthStatus === 'always-200' ? 200 : 503;
  if (!accept.includes('json')) {
    return { status, contentType: 'application/xml', body: renderPlainXml('esc_health_report', fields) };
  }
  const flat = { ...fields, status_code: statusCode };
  const body = JSON.stringify(profiles.healthJson === 'flat' ? flat : { esc_health_report: flat });
  return { status, contentType: 'application/json', body };
}
