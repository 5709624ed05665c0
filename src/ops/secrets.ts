/**
 * What is masked wherever it is shown: by the names of secrets, and by forms that secrets have anywhere. Doubt is read as a
 * secret. Texts are bytes read as Latin-1 or whole strings; every repetition is bounded, so that no text takes longer than its length.
 */

export const mask = '***';

const words =
  'passw|passphrase|passcode|secret|token|credential|private[-_. ]?key|api[-_. ]?key|access[-_. ]?key|auth[-_]?key|shared[-_. ]?key|ssh[-_.]?(?:host[-_.]?)?keys?|community|authori[sz]ation|cookie|session[-_]?id';
const secret = new RegExp(
  `${words}|user[-_ ]?data|cloud[-_ ]?(?:init|config)|(?:^|[-_.])(?:pass|pwd|psk|pin|auth|sig|signature)$`,
  'i',
);

/** Whether what bears this name (of a field, element, variable or parameter) is a secret, or holds some. */
export const isSecretName = (name: string): boolean => secret.test(name);

/** User-data of cloud-init, plain or in base64: it sets passwords and keys in too many ways to tell them apart. */
const userData = /#cloud-(?:config|boothook)|^\s{0,64}#!|I2Nsb3Vk|Content-Type: multipart\/mixed/i;
const privateKey = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!-{4})){0,20000}(?:-----END [A-Z ]{0,40}-----)?/g;
const userInfo = /(:(?:\\?\/){2})[^/\s@"'<>]{1,2048}@/g;
const scheme = /\b(basic|bearer)\s{1,8}[\w+/=.~-]{4,4096}/gi;
const value = `"[^"]{0,4096}"?|'[^']{0,4096}'?|[^\\s&;,"'<>]{1,4096}`;
/** `name=value`, `name: value`, and lines of a device's configuration such as `enable secret 9 …`. */
const assigned = new RegExp(
  `((?:${words}|\\b(?:pass|pwd|psk|sig|signature)\\b)[\\w.-]{0,64}["']?(?:\\s{0,8}[:=]\\s{0,8}|[ \\t]{1,8}(?:\\d{1,2}[ \\t]{1,4})?))(?:${value})`,
  'gi',
);

export function maskedText(text: string): string {
  if (userData.test(text)) return mask;
  return text
    .replace(privateKey, mask)
    .replace(userInfo, `$1${mask}@`)
    .replace(scheme, `$1 ${mask}`)
    .replace(assigned, `$1${mask}`);
}

/** A request's target: its path as it stands, and its query without the values of parameters that are secrets by their names. */
export function maskedTarget(target: string): string {
  const at = target.indexOf('?');
  if (at === -1) return target;
  const parameters = target.slice(at + 1).split(/([&;])/);
  return `${target.slice(0, at)}?${parameters.map(maskedParameter).join('')}`;
}

function maskedParameter(parameter: string): string {
  const [name = '', ...rest] = parameter.split('=');
  if (rest.length === 0) return parameter;
  const said = rest.join('=');
  if (isSecretName(decoded(name))) return `${name}=${mask}`;
  return maskedText(decoded(said)) === decoded(said) ? parameter : `${name}=${mask}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
