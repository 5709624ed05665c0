/**
 * XML with its secrets masked, and byte for byte as it was otherwise. It is scanned, not parsed: no entity is resolved, nothing
 * is fetched, and a text that is not well-formed is masked as well as it can be.
 */
import { isLabelName, isValueName, type Leaf, Leaves } from './secret-leaves.ts';
import { isSecretName, mask, maskedText } from './secrets.ts';

const piece =
  /<!--[\s\S]*?(?:-->|$)|<!\[CDATA\[[\s\S]*?(?:\]\]>|$)|<[?!][^>]*>?|<(\/?)([^\s<>/=]+)((?:[\s/](?:[^<>"']|"[^"<]*"|'[^'<]*')*)?)>|[^<]+|</g;
const attribute = /([^\s=<>"'/]{1,256})(\s{0,64}=\s{0,64})("[^"]*"|'[^']*')/g;
const cdataBegin = '<![CDATA[';
const cdataEnd = ']]>';

type Replacement = readonly [start: number, end: number, text: string];

export function maskedXml(text: string): string {
  const leaves = new Leaves();
  const others: Replacement[] = [];
  for (const { 0: found, 1: slash, 2: name, 3: attributes = '', index } of text.matchAll(piece)) {
    const end = index + found.length;
    if (name !== undefined) {
      const local = name.replace(/^.*:/s, '');
      if (slash === '/') leaves.close();
      else {
        const labelled = labelOf(attributes);
        others.push([index, end, found.replace(attributes, () => maskedAttributes(attributes, labelled, local))]);
        leaves.open(local, labelled);
        if (attributes.endsWith('/')) leaves.close();
      }
    } else if (found.startsWith(cdataBegin)) {
      const inner = found.endsWith(cdataEnd) ? end - cdataEnd.length : end;
      leaves.leaf({ start: index + cdataBegin.length, end: inner, text: text.slice(index + cdataBegin.length, inner) });
    } else if (found.startsWith('<!') || found.startsWith('<?')) others.push([index, end, maskedText(found)]);
    else if (found.trim() !== '') leaves.leaf({ start: index, end, text: found });
  }
  return replaced(text, [...others, ...leaves.end().map((leaf) => ofLeaf(text, leaf))]);
}

function ofLeaf(text: string, { start, end, isSecret }: Leaf): Replacement {
  const written = text.slice(start, end);
  return [start, end, isSecret ? written.replace(/\S[\s\S]*\S|\S/, mask) : maskedText(written)];
}

/** Whether an attribute that is a label names a secret, as in `<property name="password">`. */
const labelOf = (attributes: string): boolean =>
  [...attributes.matchAll(attribute)].some(
    ([, name = '', , value = '']) => isLabelName(name) && isSecretName(value.slice(1, -1)),
  );

const maskedAttributes = (attributes: string, isLabelled: boolean, element: string): string =>
  attributes.replace(attribute, (_, name: string, equals: string, value: string) => {
    const quote = value.charAt(0);
    const said = value.slice(1, -1);
    const isValue = isValueName(name) && (isLabelled || isSecretName(element));
    if (isValue || isSecretName(name)) return `${name}${equals}${quote}${mask}${quote}`;
    return `${name}${equals}${quote}${maskedText(said)}${quote}`;
  });

function replaced(text: string, replacements: readonly Replacement[]): string {
  let made = '';
  let from = 0;
  for (const [start, end, instead] of replacements.toSorted(([one], [other]) => one - other)) {
    made += text.slice(from, start) + instead;
    from = end;
  }
  return made + text.slice(from);
}
