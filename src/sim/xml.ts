// XML and JSON as ESC writes and reads them: bodies in the netconf-base namespace (reference/esc.md 1.1), elements by
// name only. It does not know what an element means.
import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';

const namespace = 'urn:ietf:params:xml:ns:netconf:base:1.0';

/** A document's content: text, nested elements, or a list of equally named elements. */
export type Element = { [name: string]: Content };
type Content = string | Element | readonly Content[];

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', suppressEmptyNode: true });
const parser = new XMLParser({ ignoreAttributes: true, removeNSPrefix: true, parseTagValue: false });
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A document with one root in the netconf-base namespace. */
export function renderXml(root: string, content: Element): string {
  return declaration + builder.build({ [root]: { '@xmlns': namespace, ...content } });
}

/** A document whose root has no namespace, such as the health report. */
export function renderPlainXml(root: string, content: Element): string {
  return declaration + builder.build({ [root]: content });
}

/** The content of the root element; undefined: it is not well-formed, or has a DOCTYPE, whose only use is entities. */
export function parseXml(text: string): Element | undefined {
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) return undefined;
  const document: Record<string, unknown> = parser.parse(text, false);
  const root = Object.entries(document).find(([name]) => !name.startsWith('?'));
  return root === undefined ? undefined : asElement(root[1]);
}

/** The content of a JSON document, without the one root that may be around it; undefined if it is not an object. */
export function parseJson(text: string): Element | undefined {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
    const values: unknown[] = Object.values(document);
    const isWrapped = values.length === 1 && typeof values[0] === 'object' && !Array.isArray(values[0]);
    return asElement(isWrapped ? values[0] : document);
  } catch {
    return undefined;
  }
}

/** The simple elements directly below an element. */
export function textsOf(element: Element): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, content] of Object.entries(element)) if (typeof content === 'string') texts[name] = content;
  return texts;
}

/** All elements of a name, at most `depthMax` levels down, in document order. */
export function elementsNamed(element: Element, name: string, depthMax = 5): Element[] {
  const found: Element[] = [];
  for (const [key, content] of Object.entries(element)) {
    for (const each of Array.isArray(content) ? content : [content]) {
      if (typeof each !== 'object') continue;
      if (key === name) found.push(each);
      else if (depthMax > 0) found.push(...elementsNamed(each, name, depthMax - 1));
    }
  }
  return found;
}

function asElement(value: unknown): Element {
  if (typeof value !== 'object' || value === null) return {};
  const element: Element = {};
  for (const [name, content] of Object.entries(value)) element[name] = asContent(content);
  return element;
}

function asContent(value: unknown): Content {
  if (Array.isArray(value)) return value.map(asContent);
  return typeof value === 'object' && value !== null ? asElement(value) : String(value ?? '');
}
