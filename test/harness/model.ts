// model: what the tags of a request become, as the policy's description says it.
// An oracle for the filter: written from the semantics alone, slow and plain. Text is bytes, one
// character each, as headers are; a policy's own text counts as its UTF-8.

import { BlockList, isIPv4 } from 'node:net';

export type Pairs = readonly (readonly [name: string, value: string])[];

export interface Operators {
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly in?: readonly string[];
  readonly present?: boolean;
  readonly template?: string;
  readonly regex?: string;
  readonly ignoreCase?: boolean;
}

export interface When extends Operators {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly path?: Operators;
  readonly host?: Operators;
  readonly method?: readonly string[];
  readonly ip?: readonly string[];
  readonly tag?: Readonly<Record<string, string>>;
  readonly all?: readonly When[];
  readonly any?: readonly When[];
  readonly not?: When;
}

export interface TagSpec {
  readonly header: string;
  readonly incoming?: 'strip' | 'trust' | { readonly allow: readonly string[] };
  readonly rules?: readonly { readonly when?: When; readonly value: string }[];
  readonly default?: string;
}

export interface Model {
  readonly direction: 'gateway' | 'inbound' | 'outbound';
  readonly mode?: 'enforce' | 'dryRun' | 'disabled';
  readonly tags?: readonly TagSpec[];
}

const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Values of each tag header after the filter; `address` is the client's, where it is known. */
export function tagsAfter(
  model: Model,
  request: Pairs,
  address: string | undefined,
): Map<string, string[]> {
  const specs = model.tags ?? [];
  const cameWith = (name: string) =>
    request.filter(([key]) => key === name).map(([, value]) => value);
  if ((model.mode ?? 'enforce') !== 'enforce') {
    return new Map(specs.map(({ header }) => [lower(header), cameWith(lower(header))]));
  }
  const decided = new Map<string, string>();
  const gone = new Set<string>();
  for (const spec of specs) {
    const header = lower(spec.header);
    const [first, ...rest] = cameWith(header);
    if (first === undefined) continue;
    const incoming = spec.incoming ?? (model.direction === 'gateway' ? 'strip' : 'trust');
    const may =
      typeof incoming === 'string'
        ? incoming === 'trust'
        : incoming.allow.map(utf8).includes(first);
    if (may && first !== '' && rest.every((value) => value === first)) decided.set(header, first);
    else gone.add(header);
  }
  const seen = request.filter(([name]) => !gone.has(name));
  for (const spec of specs) {
    const header = lower(spec.header);
    if (decided.has(header)) continue;
    const rule = spec.rules?.find(({ when }) => {
      return when === undefined || holds(when, { request: seen, address, tags: decided });
    });
    const value = rule?.value ?? spec.default;
    if (value !== undefined) decided.set(header, utf8(value));
  }
  return new Map(
    specs.map(({ header }) => {
      const value = decided.get(lower(header));
      return [lower(header), value === undefined ? [] : [value]];
    }),
  );
}

interface Scene {
  readonly request: Pairs;
  readonly address: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
}

function holds(when: When, scene: Scene): boolean {
  const values = (name: string) =>
    scene.request.filter(([key]) => key === name).map(([, value]) => value);
  const target = values(':path')[0];
  const checks: (() => boolean)[] = [];
  if (when.header !== undefined) {
    const name = lower(when.header);
    checks.push(() => compare(when, values(name)));
  }
  if (when.cookie !== undefined) {
    const name = when.cookie;
    checks.push(() => compare(when, cookies(values('cookie'), utf8(name))));
  }
  if (when.query !== undefined) {
    const name = when.query;
    checks.push(() => compare(when, queryFields(target ?? '', utf8(name))));
  }
  if (when.path !== undefined) {
    const path = target?.split(/[?#]/, 1)[0];
    checks.push(() => compare(when.path!, path === undefined ? [] : [path]));
  }
  if (when.host !== undefined) {
    const hosts = values(':authority').map((value) => value.replace(/:\d*$/, ''));
    checks.push(() => compare({ ...when.host, ignoreCase: true }, hosts));
  }
  if (when.method !== undefined) {
    checks.push(() => when.method!.includes(values(':method')[0] ?? ''));
  }
  if (when.ip !== undefined) checks.push(() => within(when.ip!, scene.address));
  if (when.tag !== undefined) {
    for (const [name, value] of Object.entries(when.tag)) {
      checks.push(() => scene.tags.get(lower(name)) === utf8(value));
    }
  }
  if (when.all !== undefined) checks.push(() => when.all!.every((one) => holds(one, scene)));
  if (when.any !== undefined) checks.push(() => when.any!.some((one) => holds(one, scene)));
  if (when.not !== undefined) checks.push(() => !holds(when.not!, scene));
  return checks.every((check) => check());
}

/** True of any of the values; with none, `present: false` alone is. */
function compare(operators: Operators, values: readonly string[]): boolean {
  if (operators.present !== undefined) return operators.present === values.length > 0;
  const fold = operators.ignoreCase === true ? lower : (text: string) => text;
  const operand = (text: string) => fold(utf8(text));
  return values.map(fold).some((value) => {
    if (operators.exact !== undefined) return value === operand(operators.exact);
    if (operators.prefix !== undefined) return value.startsWith(operand(operators.prefix));
    if (operators.suffix !== undefined) return value.endsWith(operand(operators.suffix));
    if (operators.contains !== undefined) return value.includes(operand(operators.contains));
    if (operators.in !== undefined) return operators.in.map(operand).includes(value);
    if (operators.regex !== undefined) return expression(operators).test(unfolded(value));
    const wanted = operand(operators.template ?? '').split('/');
    const found = value.split('/');
    return (
      wanted.length === found.length &&
      wanted.every((part, i) => (part.startsWith('{') ? found[i] !== '' : found[i] === part))
    );
  });
}

/** Bytes above ASCII as characters without case. */
const unfolded = (text: string) =>
  text.replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(0xe000 + byte.charCodeAt(0)));

/** Where RE2 and RegExp mean the same; a character is all of its bytes. */
function expression({ regex = '', ignoreCase }: Operators): RegExp {
  const source = regex.replaceAll(/[^\0-\x7f]/gu, (char) => `(?:${unfolded(utf8(char))})`);
  return new RegExp(`^(?:${source})$`, ignoreCase === true ? 'i' : '');
}

function cookies(headers: readonly string[], name: string): string[] {
  return headers
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((pair) => pair !== '')
    .map(field)
    .flatMap(([key, value]) => (key === name ? [value] : []));
}

function queryFields(target: string, name: string): string[] {
  const query = /^[^?#]*\?([^#]*)/.exec(target)?.[1] ?? '';
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map(field)
    .flatMap(([key, value]) => (decode(key) === name ? [decode(value)] : []));
}

function field(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}

function decode(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function within(networks: readonly string[], address: string | undefined): boolean {
  if (address === undefined) return false;
  const list = new BlockList();
  for (const network of networks) {
    const [net = '', bits] = network.split('/');
    const family = isIPv4(net) ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(net, family);
    else list.addSubnet(net, Number(bits), family);
  }
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
