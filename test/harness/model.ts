// model: what the tags of a request become, as the policy's description says it.
// An oracle for the filter: written from the semantics alone, slow and plain. Text is bytes, one
// character each, as headers are; a policy's own text counts as its UTF-8.

import { BlockList, isIP, isIPv4 } from 'node:net';
import { xxh64 } from '../../sdk-node/src/core/bucket.js';

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

export interface Source {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly ip?: true;
}

export interface RuleSpec {
  readonly when?: When;
  readonly value: string | { readonly header: string };
  readonly percent?: number;
  readonly identity?: readonly Source[];
  readonly salt?: string;
  readonly dryRun?: boolean;
}

export interface TagSpec {
  readonly header: string;
  readonly incoming?: 'strip' | 'trust' | { readonly allow: readonly string[] };
  readonly rules?: readonly RuleSpec[];
  readonly default?: string;
  readonly carry?: readonly 'baggage'[];
}

export interface PathsSpec {
  readonly normalize?: boolean;
  readonly ignoreCase?: boolean;
}

export interface ClientSpec {
  readonly address?: 'envoy' | 'forwarded';
  readonly trustedHops?: number;
  readonly prefix?: { readonly v4?: number; readonly v6?: number };
}

export interface Model {
  readonly id: string;
  readonly direction: 'gateway' | 'inbound' | 'outbound';
  readonly mode?: 'enforce' | 'dryRun' | 'disabled';
  readonly client?: ClientSpec;
  readonly paths?: PathsSpec;
  readonly tags?: readonly TagSpec[];
}

export const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
export const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/**
 * Values of each tag header after the filter, and the parts of baggage where a tag is carried in it
 * (`baggageParts`); `peer` is the client's address as Envoy knows it, if it does.
 */
export function tagsAfter(
  model: Model,
  request: Pairs,
  peer: string | undefined,
): Map<string, string[]> {
  const headers = (model.tags ?? []).map(({ header }) => lower(header));
  const cameWith = (name: string) =>
    request.filter(([key]) => key === name).map(([, value]) => value);
  const carried = carriedBy(model);
  const watched = [...headers, ...(carried.size > 0 ? ['baggage'] : [])];
  if ((model.mode ?? 'enforce') !== 'enforce') {
    return new Map(
      watched.map((name) => {
        const values = cameWith(name);
        return [name, name === 'baggage' ? baggageParts(model, values) : values];
      }),
    );
  }
  const { tags } = sceneOf(model, request, peer);
  const after = new Map(
    headers.map((header) => {
      const value = tags.get(header);
      return [header, value === undefined ? [] : [value]];
    }),
  );
  if (carried.size > 0) {
    const ours = [...carried].flatMap((header) =>
      (after.get(header) ?? []).filter(canBeTag).map((value) => `${header}=${value}`),
    );
    const members = cameWith('baggage').flatMap(membersOf);
    const others = members.filter(({ key }) => !carried.has(key)).map(({ text }) => text);
    after.set('baggage', [...others, ...ours.sort()]);
  }
  return after;
}

/** Tags that travel as members of baggage, too. */
function carriedBy(model: Model): Set<string> {
  return new Set(
    (model.tags ?? []).flatMap(({ header, carry = [] }) => (carry[0] ? [lower(header)] : [])),
  );
}

/** What is left of a request for conditions to see once all its tags are decided; and these. */
export function sceneOf(model: Model, request: Pairs, peer: string | undefined): Scene {
  const specs = (model.tags ?? []).map((spec) => ({ ...spec, header: lower(spec.header) }));
  const cameWith = (name: string) =>
    request.filter(([key]) => key === name).map(([, value]) => value);
  const carried = carriedBy(model);
  const members = cameWith('baggage').flatMap(membersOf);
  const decided = new Map<string, string>();
  const gone = new Set<string>();
  for (const spec of specs) {
    const { header } = spec;
    const ours = members.filter(({ key }) => carried.has(header) && key === header);
    const came = [...cameWith(header), ...ours.map(({ value }) => value)];
    const [first, ...rest] = came;
    if (first === undefined) continue;
    const incoming = spec.incoming ?? (model.direction === 'gateway' ? 'strip' : 'trust');
    const may =
      typeof incoming === 'string'
        ? incoming === 'trust'
        : incoming.allow.map(utf8).includes(first);
    const alike = first !== '' && rest.every((value) => value === first);
    if (may && alike && ours.every(({ value }) => canBeTag(value))) decided.set(header, first);
    else gone.add(header);
  }
  const left = members.filter(({ key }) => !(carried.has(key) && gone.has(key)));
  const seen = request
    .filter(([name]) => !gone.has(name) && !(name === 'baggage' && left.length < members.length))
    .concat(
      left.length < members.length && left.length > 0
        ? [['baggage', left.map(({ text }) => text).join(',')]]
        : [],
    );
  const address = clientOf(model.client, request, peer);
  const scene = { request: seen, address, tags: decided, paths: model.paths ?? {} };
  for (const spec of specs) {
    const { header } = spec;
    if (decided.has(header)) continue;
    const values = (spec.rules ?? []).map((rule) => ruleValue(rule, model, header, scene));
    const value = values.find((one) => one !== undefined) ?? utf8(spec.default ?? '');
    if (value !== '') decided.set(header, value);
  }
  return scene;
}

/**
 * A list of baggage as `tagsAfter` gives it: the members of others as they stand, and behind them
 * those of the tags, decoded, in the order of the alphabet.
 */
export function baggageParts(model: Model, values: readonly string[]): string[] {
  const keys = carriedBy(model);
  const members = values.flatMap(membersOf);
  const ours = members.filter(({ key }) => keys.has(key));
  return [
    ...members.filter(({ key }) => !keys.has(key)).map(({ text }) => text),
    ...ours.map(({ key, value }) => `${key}=${value}`).sort(),
  ];
}

/** What a rule makes of a tag; undefined where it does not match, or only counts. */
function ruleValue(rule: RuleSpec, model: Model, header: string, scene: Scene): string | undefined {
  if (rule.dryRun === true || (rule.when !== undefined && !holds(rule.when, scene))) return;
  if (rule.percent !== undefined) {
    const salt = rule.salt ?? `${model.id.slice(0, model.id.lastIndexOf('/'))}/${header}`;
    const identity = rule.identity
      ?.flatMap((source) => identityOf(source, scene, model.client))
      .at(0);
    if (identity === undefined) return;
    const bytes = Buffer.from(`${utf8(salt)}\0${identity}`, 'latin1');
    if (Number(xxh64(bytes) % 10_000n) >= Math.round(rule.percent * 100)) return;
  }
  if (typeof rule.value === 'string') return utf8(rule.value);
  const name = lower(rule.value.header);
  const values = scene.request.filter(([key]) => key === name).map(([, value]) => value);
  const [first = ''] = values;
  const fits = first !== '' && first.length <= 256 && values.every((value) => value === first);
  return fits ? first : undefined;
}

/** The first value of a source that is not empty, as a list of one or none. */
function identityOf(source: Source, scene: Scene, client: ClientSpec | undefined): string[] {
  const values = (name: string) =>
    scene.request.filter(([key]) => key === name).map(([, value]) => value);
  const all =
    source.header !== undefined
      ? values(lower(source.header))
      : source.cookie !== undefined
        ? cookies(values('cookie'), source.cookie)
        : source.query !== undefined
          ? queryFields(values(':path')[0] ?? '', utf8(source.query))
          : scene.address === undefined
            ? []
            : [networkText(scene.address, client?.prefix)];
  return all.filter((value) => value !== '').slice(0, 1);
}

/** Whom a policy takes for the client; undefined where there is none. */
function clientOf(
  client: ClientSpec | undefined,
  request: Pairs,
  peer: string | undefined,
): string | undefined {
  if (client?.address !== 'forwarded') return peer;
  const entries = request
    .filter(([name, value]) => name === 'x-forwarded-for' && value !== '')
    .flatMap(([, value]) => value.split(','))
    .map(trim);
  const entry = entries.at(-1 - (client.trustedHops ?? 0));
  return entry === undefined ? peer : forwardedAddress(entry);
}

/** The address of an entry, which may have a port, brackets or both. */
function forwardedAddress(entry: string): string | undefined {
  const [, inside, port = '0'] =
    /^\[(.*)\](?::(\d{1,5}))?$/.exec(entry) ?? /^([^:]*):(\d{1,5})$/.exec(entry) ?? [];
  const address = inside ?? entry;
  return isIP(address) !== 0 && Number(port) <= 65_535 ? address : undefined;
}

/** An address without the bits that do not tell clients apart, as its one text (RFC 5952). */
export function networkText(
  address: string,
  { v4 = 32, v6 = 64 }: ClientSpec['prefix'] = {},
): string {
  const masked = (value: bigint, size: number, bits: number) =>
    (value >> BigInt(size - bits)) << BigInt(size - bits);
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined || isIPv4(address)) {
    const bytes = (mapped ?? address).split('.').map(BigInt);
    const value = masked(
      bytes.reduce((sum, byte) => (sum << 8n) | byte, 0n),
      32,
      v4,
    );
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  }
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const groups = [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  const value = masked(
    BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`),
    128,
    v6,
  );
  const text = value.toString(16).padStart(32, '0').match(/.{4}/g)?.join(':');
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** A path, without query and fragment, as its loosest reader takes it. */
export function normalPath(path: string): string {
  if (!path.startsWith('/')) return path;
  const kept: string[] = [];
  for (const segment of unescaped(path).split(/[/\\]/)) {
    const [name = ''] = segment.split(';', 1);
    if (name === '..') kept.pop();
    else if (name !== '' && name !== '.') kept.push(name);
  }
  return `/${kept.join('/')}`;
}

/** As URL parsers read it: dot segments go before anything is decoded or merged. */
function resolveDots(path: string): string {
  if (!path.startsWith('/')) return path;
  const kept: string[] = [];
  for (const segment of path.split(/[/\\]/).slice(1)) {
    const dots = segment.replaceAll(/%2e/gi, '.');
    if (dots === '..') kept.pop();
    else if (dots !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

/** The two readings of a path that a condition may hold in. */
export function pathReadings(path: string): string[] {
  return [normalPath(path), normalPath(resolveDots(path))];
}

/** What a path condition compares with; undefined where the filter must refuse the operand. */
export function pathOperand(
  operator: string,
  text: string,
  { normalize = true }: PathsSpec = {},
): string | undefined {
  if (/[?#]/.test(text)) return undefined;
  if (!normalize || operator === 'regex') return text;
  if (operator === 'template' && /%7[bd]|\{[^}]*[%;\\]/i.test(text)) return undefined;
  if (['exact', 'in', 'template'].includes(operator)) return normalPath(text);
  const found = unescaped(text).replaceAll(/[/\\]+/g, '/');
  const ends = operator === 'suffix';
  if (found === '/' && (ends || text !== found)) return undefined;
  const part = ends ? found.replace(/\/$/, '') : found;
  return /;|\/\.{1,2}\//.test(ends ? `${part}/` : part) ? undefined : part;
}

/** A key of baggage as its loosest reader takes it: decoded, without blanks, in lower case. */
export function looseKey(key: string): string {
  return lower(
    key
      .replace(/%(?:25(?=[0-9a-f]{2}))*([0-9a-f]{2})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
      .replace(/[^!-*,-~]/g, ''),
  );
}

interface Member {
  readonly text: string;
  /** In lower case; '' where it is no member of baggage. */
  readonly key: string;
  readonly value: string;
}

const trim = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, '');

function membersOf(list: string): Member[] {
  return list
    .split(',')
    .map(trim)
    .filter((text) => text !== '')
    .map((text) => {
      const [, key = '', value = ''] = /^([^=;]*)=([^;]*)/.exec(text) ?? [];
      return { text, key: looseKey(trim(key)), value: unescaped(trim(value)) };
    });
}

const canBeTag = (value: string) =>
  value.length > 0 &&
  value.length <= 256 &&
  value === trim(value) &&
  [...value].every((byte) => byte >= ' ' && byte !== '\x7f');

export interface Scene {
  readonly request: Pairs;
  readonly address: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  readonly paths: PathsSpec;
}

export function holds(when: When, scene: Scene): boolean {
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
    checks.push(() => comparePath(when.path!, path, scene.paths));
  }
  if (when.host !== undefined) {
    const hosts = values(':authority').map((value) =>
      value.replace(/:\d*$/, '').replace(/\.$/, ''),
    );
    checks.push(() => compare({ ...named(when.host!), ignoreCase: true }, hosts));
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

/** Operators on a host, whose operands may end in a dot. */
function named({ exact, suffix, in: list, ...others }: Operators): Operators {
  const bare = (text: string) => text.replace(/\.$/, '');
  return {
    ...others,
    ...(exact === undefined ? {} : { exact: bare(exact) }),
    ...(suffix === undefined ? {} : { suffix: bare(suffix) }),
    ...(list === undefined ? {} : { in: list.map(bare) }),
  };
}

/** Operators on a path, it and their operands in the form that the policy gives paths. */
function comparePath(operators: Operators, path: string | undefined, paths: PathsSpec): boolean {
  if (path === undefined) return compare(operators, []);
  const [operator = ''] = Object.keys(operators).filter((key) => key !== 'ignoreCase');
  const operandOf = (text: string) => pathOperand(operator, utf8(text), paths) ?? '';
  const ignoreCase = operators.ignoreCase === true || paths.ignoreCase === true;
  const how = { ...operators, ignoreCase };
  if (paths.normalize === false) return compare(how, [path], operandOf);
  const readings = pathReadings(path);
  // What is below /api/ and /api/ itself, which has lost that slash.
  const below = operandOf(operators.prefix ?? operators.contains ?? '').endsWith('/');
  const values = below ? readings.flatMap((text) => [text, `${text}/`]) : readings;
  return compare(how, values, operandOf);
}

/** True of any of the values; with none, `present: false` alone is. */
function compare(
  operators: Operators,
  values: readonly string[],
  operandOf: (text: string) => string = utf8,
): boolean {
  if (operators.present !== undefined) return operators.present === values.length > 0;
  const fold = operators.ignoreCase === true ? lower : (text: string) => text;
  const operand = (text: string) => fold(operandOf(text));
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

export function cookies(headers: readonly string[], name: string): string[] {
  return headers
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((pair) => pair !== '')
    .map(field)
    .flatMap(([key, value]) => (key === name ? [value] : []));
}

export function queryFields(target: string, name: string): string[] {
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
  return unescaped(text.replaceAll('+', ' '));
}

function unescaped(text: string): string {
  const byte = (_: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16));
  return text.replace(/%([0-9a-f]{2})/gi, byte);
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
