// options: what a process may be told, and how its environment says it. Pure.

import { directRoutes, type Routes } from '../core/hop.js';
import { placeOfProxy } from '../core/place.js';
import type { HeaderOption } from '../headers/selection.js';
import type { Mode } from '../trace/trace.js';

/** Is there a sidecar? `auto`: inside Kubernetes, unless it refuses for `graceMs`. */
export type Expect = 'auto' | 'expect' | 'none';

export const EXPECT: readonly Expect[] = ['auto', 'expect', 'none'];
export const MODES: readonly Mode[] = ['verbatim', 'sanitize', 'participate'];

/** What `configure` takes and `register` reads from the environment. All durations are in ms. */
export interface Options {
  /** Default true. False: nothing is forwarded, held or tuned. [TAGALONG=off] */
  enabled?: boolean;
  /**
   * Headers that follow besides the trace set, x-request-id, baggage and x-traffic-tag: names, or
   * beginnings such as `x-foo-*`. [TAGALONG_HEADERS=x-tenant, x-foo-*, x-team=x-squad]
   */
  headers?: readonly (string | HeaderOption)[];
  /**
   * Hosts that get headers, besides those that look like the mesh's own: `reviews.shop`,
   * `*.example.com`, `198.51.100.0/24`. [TAGALONG_MESH, separated by commas]
   */
  mesh?: readonly string[];
  /** Default `verbatim`. [TAGALONG_MODE] */
  mode?: Mode;
  /** Default `auto`. [TAGALONG_SIDECAR] */
  sidecar?: Expect | SidecarOptions;
  /**
   * Where calls may go when the sidecar does not: the routes of clients that are given none for an
   * authority. [TAGALONG_DIRECT=reviews=tls://10.0.0.5:8443, ratings=plaintext://ratings:9080]
   */
  routes?: Routes;
}

/** Where the sidecar is and how long to wait for it. */
export interface SidecarOptions {
  /** Default `auto`. */
  expect?: Expect;
  /** Answers 200 while the sidecar is ready. Default Istio's. [TAGALONG_PROBE] */
  probe?: string;
  /** `auto`: refused for so long means that there is none. Default 10,000. */
  graceMs?: number;
  /** A new connection waits at most this long for the sidecar, then goes; 0: never. Default 30,000. [TAGALONG_HOLD_MS] */
  holdMs?: number;
  /**
   * `http://127.0.0.1:15001` or `unix:/path`: calls are made to this address, by clients of this
   * package. Default: none, the sidecar intercepts connections. [TAGALONG_PROXY]
   */
  proxy?: string;
}

/** A variable that could not be read, and what to do. */
export interface Fault {
  readonly variable: string;
  readonly message: string;
}

/** The options in TAGALONG_* variables; what cannot be read is left out and told. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): {
  options: Options;
  faults: Fault[];
} {
  const faults: Fault[] = [];
  const read = <T>(variable: string, parse: (text: string) => T): T | undefined => {
    const text = env[variable]?.trim();
    if (text === undefined || text === '') return undefined;
    try {
      return parse(text);
    } catch (error) {
      faults.push({ variable, message: (error as Error).message });
      return undefined;
    }
  };
  const sidecar: SidecarOptions = {
    ...given('expect', read('TAGALONG_SIDECAR', oneOf(...EXPECT))),
    ...given('probe', read('TAGALONG_PROBE', httpUrl)),
    ...given('holdMs', read('TAGALONG_HOLD_MS', milliseconds)),
    ...given('proxy', read('TAGALONG_PROXY', proxyAddress)),
  };
  const options: Options = {
    ...given(
      'enabled',
      read('TAGALONG', (text) => oneOf('on', 'off')(text.toLowerCase()) === 'on'),
    ),
    ...given('headers', read('TAGALONG_HEADERS', headerList)),
    ...given('mesh', read('TAGALONG_MESH', list)),
    ...given('mode', read('TAGALONG_MODE', oneOf(...MODES))),
    ...given('routes', read('TAGALONG_DIRECT', directRoutes)),
    ...(Object.keys(sidecar).length > 0 ? { sidecar } : {}),
  };
  return { options, faults };
}

const KEYS = new Set(['enabled', 'headers', 'mesh', 'mode', 'sidecar', 'routes']);
const SIDECAR_KEYS = new Set(['expect', 'probe', 'graceMs', 'holdMs', 'proxy']);

/**
 * Options of the application's own, without those that are undefined. Their values are looked at
 * where they are used; that there is no other key, so that none is misspelt, is seen here.
 * @throws RangeError
 */
export function checked(options: Options): Options {
  const own = known(options, 'options', KEYS);
  for (const key of ['headers', 'mesh'] as const) {
    if (own[key] !== undefined && !Array.isArray(own[key])) {
      throw new RangeError(`${key}: want a list`);
    }
  }
  if (own.enabled !== undefined && typeof own.enabled !== 'boolean') {
    throw new RangeError('enabled: want true or false');
  }
  if (own.sidecar !== undefined && typeof own.sidecar !== 'string') {
    own.sidecar = known(own.sidecar, 'sidecar', SIDECAR_KEYS);
  }
  return own;
}

function known<T extends object>(given: T, what: string, keys: ReadonlySet<string>): T {
  if (typeof given !== 'object' || given === null) throw new RangeError(`${what}: want an object`);
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [key] of entries) {
    if (keys.has(key)) continue;
    throw new RangeError(`${what}: "${key}" is none, want ${[...keys].join(', ')}`);
  }
  return Object.fromEntries(entries) as T;
}

/** @throws RangeError */
export function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:') {
    throw new RangeError(`"${text}": want a URL such as http://127.0.0.1:15021/healthz/ready`);
  }
  return text;
}

/** @throws RangeError */
export function proxyAddress(text: string): string {
  placeOfProxy(text);
  return text;
}

/** @throws RangeError */
export function milliseconds(value: string | number): number {
  const ms = typeof value === 'number' ? value : /^\d+$/.test(value) ? Number(value) : Number.NaN;
  // What a timer of Node can hold.
  if (!(ms >= 0 && ms <= 0x7fffffff)) {
    throw new RangeError(`"${value}": want milliseconds, 0 to 2147483647`);
  }
  return ms;
}

/** @throws RangeError */
export function oneOf<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word === undefined) throw new RangeError(`"${text}": want one of ${words.join(', ')}`);
    return word;
  };
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}

function headerList(text: string): (string | HeaderOption)[] {
  return list(text).map((entry) => {
    const [name = '', as, more] = entry.split('=').map((part) => part.trim());
    if (more !== undefined || as === '') throw new RangeError(`"${entry}": want NAME or NAME=NEW`);
    return as === undefined ? name : { name, as };
  });
}

function given<Key extends string, T>(key: Key, value: T | undefined): { [K in Key]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: T });
}
