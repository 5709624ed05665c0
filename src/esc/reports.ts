/**
 * A report of ESC, read: what happened, how it went, to which VM, under which transaction id (esc.md sections 1.5 and 2.1).
 * Invariant: reading is tolerant and bounded and never throws; what is not said, or said in two ways, is null and settles nothing.
 * Whether a report is the last word of its operation is for `events.ts`.
 */
import { elements, readDocument, textOf, type Value, type Visited } from './bodies.ts';
import { escTransactionIdOf, fieldValue } from './headers.ts';
import { membersOf, rootMembers } from './members.ts';

export interface ReportReading {
  /** As ESC spells it. */
  readonly eventType: string | null;
  readonly status: 'success' | 'failure' | null;
  readonly statusCode: number | null;
  readonly message: string | null;
  readonly escTransactionId: string | null;
  /** Name of the VM that it is about, else its id, else its group; null for the whole resource, or where ESC leaves it out. */
  readonly vm: string | null;
}

const messageMaxChars = 1024;
/** How deep an `event_type` is searched where the document's own element has none, as in a wrapped notification. */
const eventDepthMax = 3;

/** Reads a report's flat header list and its body, XML or JSON, whatever its content type says. */
export function readReport(headers: readonly string[], body: Uint8Array): ReportReading {
  const document = readDocument(body);
  const members = rootMembers(document);
  const statusCode = codeOf(fieldValue(headers, 'esc-status-code')) ?? codeOf(textIn(members, 'statuscode'));
  const message = fieldValue(headers, 'esc-status-message') ?? textIn(members, 'statusmessage');
  return {
    eventType: eventTypeIn(members) ?? eventTypeIn([...elements(document, eventDepthMax)]),
    status: statusOf(statusCode, textIn(members, 'status')),
    statusCode,
    message: message === null ? null : message.slice(0, messageMaxChars),
    escTransactionId: escTransactionIdOf(headers),
    vm: vmIn(members),
  };
}

const memberNamed = (members: readonly Visited[], name: string): Value =>
  members.find((member) => member.name === name)?.value ?? '';

const textIn = (members: readonly Visited[], name: string): string | null => textOf(memberNamed(members, name));

/** `event_type` in REST; NETCONF's twin has `event` with `type` in it (esc.md section 2.1). */
function eventTypeIn(members: readonly Visited[]): string | null {
  const type = textIn(members, 'eventtype') ?? textIn(membersOf(memberNamed(members, 'event')), 'type');
  return type !== null && /^[\w. -]{1,128}$/.test(type) ? type : null;
}

function codeOf(text: string | null): number | null {
  return text !== null && /^\d{1,5}$/.test(text) ? Number(text) : null;
}

/** 2xx is success (documented for 200); the body's own word counts where there is no code. Two that disagree say nothing. */
function statusOf(code: number | null, word: string | null): ReportReading['status'] {
  const byCode = code === null ? null : code >= 200 && code <= 299 ? 'success' : 'failure';
  const byWord = /^success/i.test(word ?? '') ? 'success' : /^fail/i.test(word ?? '') ? 'failure' : null;
  return byCode === null || byWord === null || byCode === byWord ? (byCode ?? byWord) : null;
}

function vmIn(members: readonly Visited[]): string | null {
  const source = membersOf(memberNamed(members, 'vmsource'));
  return textIn(members, 'vmname') ?? textIn(source, 'vmid') ?? textIn(members, 'vmgroup');
}
