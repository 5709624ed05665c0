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

const shownMaxBytes = 64 * 1024;
const mask = '***';
const secretName = /passw|secret|token|private.?key|credential|auth|api.?key/i;
const secretPair =
  /((?:[\w-]*(?:passw|secret|token|private.?key|credential|api.?key)[\w-]*)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s&,;<]+)/gi;
const userInfo = /(\/\/)[^/\s@]+@/g;

export function legible(message: Uint8Array): Legible {
  const buffer = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const headEnd = buffer.indexOf('\r\n\r\n');
  const head = buffer.toString('latin1', 0, headEnd === -1 ? buffer.byteLength : headEnd);
  const bytes = headEnd === -1 ? Buffer.alloc(0) : buffer.subarray(headEnd + 4);
  const { form, text } = bodyText(bytes);
  const isCut = text.length > shownMaxBytes;
  return {
    head: withoutSecrets(head.replaceAll('\r\n', '\n')),
    body: text.slice(0, shownMaxBytes),
    form,
    bodyBytes: bytes.byteLength,
    isCut,
  };
}

function bodyText(bytes: Buffer): { form: Legible['form']; text: string } {
  const text = bytes.toString('utf8');
  const begin = text.trimStart().charAt(0);
  if (begin === '') return { form: 'none', text: '' };
  if (begin === '<') {
    const xml = legibleXml(text);
    if (xml !== null) return { form: 'xml', text: xml };
  }
  if (begin === '{' || begin === '[') {
    const json = legibleJson(text);
    if (json !== null) return { form: 'json', text: json };
  }
  return { form: 'text', text: withoutSecrets(text) };
}

const withoutSecrets = (text: string): string => text.replace(userInfo, `$1${mask}@`).replace(secretPair, `$1${mask}`);

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
