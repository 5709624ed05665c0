/**
 * A recorded message (`message/http`) set legibly for people: XML and JSON indented, and what is or looks like a
 * credential masked, in bodies too. It is for reading: the recorded bytes are what the ops API gives.
 */
import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';

export interface Legible {
  /** Start line and fields. */
  readonly head: string;
  readonly body: string;
  readonly form: 'xml' | 'json' | 'text' | 'none';
  readonly bodyBytes: number;
  /** The body is longer than is shown. */
  readonly isCut: boolean;
}

const shownMaxChars = 64 * 1024;
/** A larger body is shown as text, not set: it would hold up everything else. */
const setMaxBytes = 256 * 1024;
const mask = '***';
const secretName = /passw|secret|token|private.?key|credential|auth|api.?key/i;
// Every repetition is bounded, so that no text takes longer than its length.
const secretWords = '(?:passw|secret|token|private.?key|credential|api.?key)';
const secretPair = new RegExp(
  `(${secretWords}[\\w-]{0,40}["']?\\s{0,4}[:=]\\s{0,4})("[^"]{0,4096}"|'[^']{0,4096}'|[^\\s&,;<]{1,4096})`,
  'gi',
);
const secretElement = new RegExp(`(<[\\w:.-]{0,40}${secretWords}[\\w:.-]{0,40}>)[^<]{1,4096}`, 'gi');
const userInfo = /(\/\/)[^/\s@]{1,256}@/g;

export function legible(message: Uint8Array): Legible {
  const buffer = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const headEnd = buffer.indexOf('\r\n\r\n');
  const head = buffer.toString('latin1', 0, headEnd === -1 ? buffer.byteLength : headEnd);
  const bytes = headEnd === -1 ? Buffer.alloc(0) : buffer.subarray(headEnd + 4);
  const { form, text } = bodyText(bytes);
  return {
    head: withoutSecrets(head.replaceAll('\r\n', '\n')),
    body: text.slice(0, shownMaxChars),
    form,
    bodyBytes: bytes.byteLength,
    isCut: text.length > shownMaxChars || (form === 'text' && bytes.byteLength > shownMaxChars),
  };
}

function bodyText(bytes: Buffer): { form: Legible['form']; text: string } {
  const text = bytes.toString('utf8');
  const begin = text.trimStart().charAt(0);
  if (begin === '') return { form: 'none', text: '' };
  const isSet = bytes.byteLength <= setMaxBytes;
  if (isSet && begin === '<') {
    const xml = legibleXml(text);
    if (xml !== null) return { form: 'xml', text: xml };
  }
  if (isSet && (begin === '{' || begin === '[')) {
    const json = legibleJson(text);
    if (json !== null) return { form: 'json', text: json };
  }
  return { form: 'text', text: withoutSecrets(text.slice(0, shownMaxChars)) };
}

const withoutSecrets = (text: string): string =>
  text.replace(userInfo, `$1${mask}@`).replace(secretElement, `$1${mask}`).replace(secretPair, `$1${mask}`);

type Ordered = Record<string, unknown>;

/** Null: it is no well-formed XML, or has a DOCTYPE, which nobody here reads. */
function legibleXml(text: string): string | null {
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) return null;
  const options = {
    preserveOrder: true,
    ignoreAttributes: false,
    processEntities: false,
    parseTagValue: false,
    parseAttributeValue: false,
    commentPropName: '#comment',
    cdataPropName: '#cdata',
  };
  try {
    const nodes = new XMLParser(options).parse(text) as Ordered[];
    maskNodes(nodes, false);
    const built = new XMLBuilder({ ...options, format: true, indentBy: '  ', suppressEmptyNode: true }).build(nodes);
    return String(built).trim();
  } catch {
    return null;
  }
}

function maskNodes(nodes: Ordered[], isSecret: boolean): void {
  for (const node of nodes) {
    for (const [name, value] of Object.entries(node)) {
      if (name === ':@') node[name] = maskAttributes(value as Record<string, string>, isSecret);
      else if (Array.isArray(value)) maskNodes(value as Ordered[], isSecret || secretName.test(name));
      else if (typeof value === 'string') node[name] = isSecret ? mask : value.replace(userInfo, `$1${mask}@`);
    }
  }
}

const maskAttributes = (attributes: Record<string, string>, isSecret: boolean): Record<string, string> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, isSecret || secretName.test(name) ? mask : value]),
  );

interface ExactJson {
  rawJSON(text: string): unknown;
}

/** Numbers stay as they were written (ECMAScript, JSON.parse source text access). */
function legibleJson(text: string): string | null {
  const exact = JSON as unknown as ExactJson;
  const reviver = (name: string, value: unknown, context?: { source?: string }): unknown => {
    if (secretName.test(name)) return mask;
    if (typeof value === 'number' && context?.source !== undefined) return exact.rawJSON(context.source);
    return typeof value === 'string' ? value.replace(userInfo, `$1${mask}@`) : value;
  };
  try {
    return JSON.stringify(JSON.parse(text, reviver), null, 2);
  } catch {
    return null;
  }
}
