/**
 * A completion report in ESC's form that ESC never sent: where its own was swallowed and the effect was proven otherwise (esc.md
 * sections 1.7, 2.1 and 7).
 * Invariant: it says only what is known: the resource as looked up, untouched but for the event, or its ids alone. It
 * is always a well-formed document and a header that can be sent, whatever it was made of.
 */
import { XMLBuilder } from 'fast-xml-parser';
import type { Place } from '../domain/lanes.ts';
import { isHtml, readDocument } from './bodies.ts';
import { type ReportedOperation, terminalEventOf } from './events.ts';
import { rootMembers } from './members.ts';

export interface MadeUpFacts {
  /** Its lane and ancestors name the ids, percent-encoded, as the catalogue fills them in. */
  readonly place: Place;
  readonly kind: ReportedOperation['kind'];
  readonly action: string | null;
  /** The id that the client knows (R21). */
  readonly escTransactionId: string;
  /** How ESC spelled the field in the answer that the client was given; `esc-transaction-id` if unsaid. */
  readonly transactionIdField?: string;
  /** 200 for success (documented); a refusal's own status for a failure (R18). */
  readonly status: { readonly code: number; readonly message: string };
  /** The answer to a look; null where nothing was looked up, or nothing is there. */
  readonly look: { readonly contentType: string; readonly body: Uint8Array } | null;
}

export interface MadeUpReport {
  /** Flat. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** Null where no terminal event of the operation is known; the body then bears none. */
  readonly eventType: string | null;
}

const namespace = 'urn:ietf:params:xml:ns:netconf:base:1.0';
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const messageMaxChars = 1024;
const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', suppressEmptyNode: true });

/** Root and id element of each type of resource (esc.md section 1.7). A VM's events bear its deployment's root. */
const resources: Readonly<Record<string, { readonly root: string; readonly id: string }>> = {
  tenants: { root: 'tenant', id: 'internal_tenant_id' },
  networks: { root: 'network', id: 'internal_network_id' },
  subnets: { root: 'subnet', id: 'internal_subnet_id' },
  images: { root: 'image', id: 'internal_image_id' },
  flavors: { root: 'flavor', id: 'internal_flavor_id' },
  volumes: { root: 'volume', id: 'internal_volume_id' },
  deployments: { root: 'deployment', id: 'internal_deployment_id' },
  vms: { root: 'deployment', id: 'vm_name' },
};

/** Makes up the terminal report of an operation, of success or of failure as `status` says. */
export function madeUpReport(facts: MadeUpFacts): MadeUpReport {
  const { place, kind, action, status, escTransactionId, transactionIdField = 'esc-transaction-id' } = facts;
  const eventType = terminalEventOf({ resourceType: place.resourceType, kind, action });
  const headers = [
    ...['Content-Type', 'application/xml'],
    ...[transactionIdField, escTransactionId],
    ...['ESC-Status-Code', String(status.code)],
    ...['ESC-Status-Message', fieldText(status.message)],
  ];
  return { headers, body: shownBody(facts.look, eventType) ?? minimalBody(place, eventType), eventType };
}

/** What a field's value may hold (RFC 9110 section 5.5), on one line. */
function fieldText(text: string): string {
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, messageMaxChars);
}

/**
 * The resource as ESC shows it with `event_type` as its last member. Null where it is no XML document of one element,
 * or has an event of its own.
 */
function shownBody(look: MadeUpFacts['look'], eventType: string | null): Uint8Array | null {
  if (look === null || isHtml(look.contentType, look.body)) return null;
  const document = readDocument(look.body, true);
  if (document === null || rootMembers(document).some(({ name }) => name === 'eventtype')) return null;
  // One character a byte, so that positions are bytes and nothing is re-encoded.
  const text = Buffer.from(look.body.buffer, look.body.byteOffset, look.body.byteLength).toString('latin1').trimEnd();
  const opened = withRootOpen(text);
  if (opened === null) return null;
  const { prefix, before, after } = opened;
  const event = eventType === null ? '' : `<${prefix}event_type>${eventType}</${prefix}event_type>`;
  return Buffer.from(`${before}${event}${after}`, 'latin1');
}

/** A well-formed document cut before the end of its root; null if it does not end with it, as JSON does not. */
function withRootOpen(text: string): { prefix: string; before: string; after: string } | null {
  const closing = /<\/([\w.-]+:)?[\w.-]+\s*>$/.exec(text.slice(-rootTagMaxChars));
  if (closing !== null) {
    const at = text.length - closing[0].length;
    return { prefix: closing[1] ?? '', before: text.slice(0, at), after: text.slice(at) };
  }
  const empty = /<(([\w.-]+:)?[\w.-]+)(?:\s[^<>]*)?\/>$/.exec(text.slice(-rootTagMaxChars));
  if (empty === null) return null;
  return { prefix: empty[2] ?? '', before: `${text.slice(0, -'/>'.length)}>`, after: `</${empty[1]}>` };
}

const rootTagMaxChars = 1024;

function minimalBody(place: Place, eventType: string | null): Uint8Array {
  const ids = [place.lane, ...place.ancestors].flatMap((lane) => {
    const [type = '', id] = lane.split('/');
    const resource = Object.hasOwn(resources, type) ? resources[type] : undefined;
    return resource === undefined || id === undefined ? [] : [[resource.id, elementText(id)] as const];
  });
  const root = resources[place.resourceType]?.root ?? 'resource';
  const event = eventType === null ? {} : { event_type: eventType };
  const xml = builder.build({ [root]: { '@xmlns': namespace, ...Object.fromEntries(ids), ...event } });
  return Buffer.from(declaration + xml);
}

/** A lane's segment as text, without the characters that XML 1.0 section 2.2 forbids. */
function elementText(segment: string): string {
  let text = segment;
  try {
    text = decodeURIComponent(segment);
  } catch {
    // A lane of the configuration's own may hold a bare percent sign; it is then what it says.
  }
  return text.toWellFormed().replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '');
}
