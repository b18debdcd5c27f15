// route: authority → the hops that calls to it may take. Pure, made once.
// Promise: nothing goes anywhere that was not listed; without a listing, through the sidecar only.

import type { Hop, Routes } from '../core/hop.js';
import { placeOfAddress, placeOfProxy, split } from '../core/place.js';

const DEFAULT: readonly Hop[] = [{ via: 'sidecar' }];

/** Authorities whose answer is kept. */
const KNOWN_MAX = 1024;

export interface Router {
  /** The hops of an authority in the order of trying: `host:port`, then `host`, then `*.suffix`. */
  hops(authority: string, defaultPort: number): readonly Hop[];
}

/**
 * Several sets of routes: the first that knows an authority decides.
 * @throws RangeError says which entry is wrong and what is wanted
 */
export function routerOf(...sets: readonly Routes[]): Router {
  const tables = sets.map(table);
  const find = (authority: string, defaultPort: number): readonly Hop[] => {
    const { host, port } = split(authority, defaultPort);
    for (const { exact, suffixes } of tables) {
      const hops = exact.get(`${host}:${port}`) ?? exact.get(host);
      if (hops !== undefined) return hops;
      for (const [suffix, found] of suffixes) {
        if (host.endsWith(suffix) && host.length > suffix.length) return found;
      }
    }
    return DEFAULT;
  };
  const known = new Map<string, readonly Hop[]>();
  return {
    hops(authority, defaultPort) {
      const key = `${authority} ${defaultPort}`;
      let hops = known.get(key);
      if (hops === undefined) {
        hops = find(authority, defaultPort);
        if (known.size >= KNOWN_MAX) known.clear();
        known.set(key, hops);
      }
      return hops;
    },
  };
}

interface Table {
  readonly exact: ReadonlyMap<string, readonly Hop[]>;
  /** The longest first. */
  readonly suffixes: readonly (readonly [string, readonly Hop[]])[];
}

function table(routes: Routes): Table {
  const exact = new Map<string, readonly Hop[]>();
  const suffixes: [string, readonly Hop[]][] = [];
  for (const [authority, hops] of Object.entries(routes)) {
    const key = authority.toLowerCase().replace(/\.$/, '');
    if (!/^(\*\.)?(\[[\da-f:.]+\]|[a-z\d_]([a-z\d_.-]*[a-z\d_])?)(:\d{1,5})?$/.test(key)) {
      throw new RangeError(`routes: "${authority}": want HOST, HOST:PORT or *.SUFFIX`);
    }
    const checked = checkedHops(authority, hops);
    if (key.startsWith('*.')) suffixes.push([key.slice(1), checked]);
    else exact.set(key.replace(/^\[([^\]]*)\]$/, '$1').replace(/^\[([^\]]*)\]:/, '$1:'), checked);
  }
  suffixes.sort(([a], [b]) => b.length - a.length);
  return { exact, suffixes };
}

function checkedHops(authority: string, hops: readonly Hop[]): readonly Hop[] {
  const where = `routes["${authority}"]`;
  if (!Array.isArray(hops) || hops.length === 0) {
    throw new RangeError(`${where}: want a list of at least one hop`);
  }
  hops.forEach((hop, index) => {
    try {
      check(hop);
    } catch (error) {
      throw new RangeError(`${where}[${index}]: ${(error as Error).message}`);
    }
  });
  return hops;
}

function check(hop: Hop): void {
  const given = (hop ?? {}) as Partial<Record<'via' | 'tls' | 'plaintext', unknown>>;
  if (hop?.via === 'sidecar') return;
  if (hop?.via === 'proxy') {
    placeOfProxy(String(hop.url));
    return;
  }
  if (hop?.via !== 'direct') {
    throw new RangeError(`via ${JSON.stringify(given.via)}: want 'sidecar', 'proxy' or 'direct'`);
  }
  placeOfAddress(String(hop.address));
  const tls = typeof given.tls === 'object' && given.tls !== null;
  if (tls === (given.plaintext === true)) {
    throw new RangeError('a direct hop wants either `tls: {…}` or `plaintext: true`');
  }
}
