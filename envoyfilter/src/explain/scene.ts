// scene: what of a request conditions and identities look at, to be shown beside a verdict.
// It decides nothing: the verdicts are the filter's, and an identity is shown only where it has the
// bucket that the filter named. All text is one character a byte.

import type { ClientSpec, Source } from '../policy/sections.js';
import { clientOf, networkText } from './address.js';
import { fromBytes } from './bytes.js';

export type Pairs = readonly (readonly [name: string, value: string])[];

export interface Scene {
  /** As the filter sees them, names in lower case. */
  readonly headers: Pairs;
  /** Envoy's source.address. */
  readonly source: string;
  readonly client: ClientSpec | undefined;
  /** Tags that are decided by now, by lower-case name. */
  readonly tags: ReadonlyMap<string, string>;
}

export function headerValues({ headers }: Pick<Scene, 'headers'>, name: string): string[] {
  const key = name.toLowerCase();
  return headers.filter(([other]) => other === key).map(([, value]) => value);
}

export function cookieValues(scene: Pick<Scene, 'headers'>, name: string): string[] {
  return headerValues(scene, 'cookie')
    .flatMap((header) => header.split(';'))
    .map(fieldOf)
    .flatMap(([key, value]) => (key === name ? [value] : []));
}

export function queryValues(scene: Pick<Scene, 'headers'>, name: string): string[] {
  const [target = ''] = headerValues(scene, ':path');
  const query = /^[^?#]*\?([^#]*)/.exec(target)?.[1] ?? '';
  return query
    .split('&')
    .map(fieldOf)
    .flatMap(([key, value]) => (fromBytes(unescaped(key)) === name ? [unescaped(value)] : []));
}

/** The path without its query, as it came. */
export function pathOf(scene: Pick<Scene, 'headers'>): string | undefined {
  return headerValues(scene, ':path')[0]?.replace(/[?#].*$/s, '');
}

export function authorityOf(scene: Pick<Scene, 'headers'>): string | undefined {
  return headerValues(scene, ':authority')[0];
}

export function clientAddress(scene: Scene): string | undefined {
  return clientOf(scene.client, headerValues(scene, 'x-forwarded-for'), scene.source);
}

/** The values of a source that are not empty. */
export function sourceValues(scene: Scene, source: Source): string[] {
  return allValues(scene, source).filter((value) => value !== '');
}

function allValues(scene: Scene, source: Source): string[] {
  if (source.header !== undefined) return headerValues(scene, source.header);
  if (source.cookie !== undefined) return cookieValues(scene, source.cookie);
  if (source.query !== undefined) return queryValues(scene, source.query);
  if (source.tag !== undefined) return [scene.tags.get(source.tag.toLowerCase()) ?? ''];
  if (source.host === true) return [hostWithoutPort(authorityOf(scene) ?? '')];
  if (source.method === true) return headerValues(scene, ':method');
  if (source.path !== undefined) return [variableOf(pathOf(scene) ?? '', source.path)];
  if (source.ip === undefined) return [];
  const address = clientAddress(scene);
  const bits =
    source.ip === true ? scene.client?.prefix : { ...scene.client?.prefix, ...source.ip };
  return address === undefined ? [] : [networkText(address, bits)];
}

/** `cookie "uid"`, as a reader of the policy would call it. */
export function sourceName(source: Source): string {
  if (source.path !== undefined) return `{${source.path.variable}} of ${source.path.template}`;
  const [kind = '', name] = Object.entries(source)[0] ?? [];
  return typeof name === 'string' ? `${kind} ${name}` : kind;
}

export function hostWithoutPort(authority: string): string {
  return authority.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}

function variableOf(path: string, { template, variable }: NonNullable<Source['path']>): string {
  const wanted = template.split('/');
  const found = path.split('/');
  const fits =
    wanted.length === found.length &&
    wanted.every((part, at) => part.startsWith('{') || part === found[at]);
  return fits ? (found[wanted.indexOf(`{${variable}}`)] ?? '') : '';
}

function fieldOf(pair: string): [string, string] {
  const trimmed = pair.replace(/^[ \t]+|[ \t]+$/g, '');
  const at = trimmed.indexOf('=');
  return at < 0 ? [trimmed, ''] : [trimmed.slice(0, at), trimmed.slice(at + 1)];
}

function unescaped(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
