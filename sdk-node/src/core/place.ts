// place: where something connects to, and the texts that say so. Pure.
// The mesh rule reads authorities by itself (headers/mesh.ts): there an unclear one is outside, here it
// is somebody's address.

import { isIP } from 'node:net';

/** Host, in lower case and without the root's dot, and port of an authority. */
export function split(authority: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(authority.toLowerCase()) ?? [];
  const host = bracketed ?? plain ?? authority.toLowerCase();
  return {
    host: host.replace(/\.$/, ''),
    port: port === undefined ? defaultPort : Number(port),
  };
}

/** Where a hop of its own address connects to. */
export type Place = { readonly path: string } | { readonly host: string; readonly port: number };

/** @throws RangeError */
export function placeOfProxy(url: string): Place {
  if (/^unix:\/./.test(url)) return { path: url.slice('unix:'.length) };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' || parsed.username !== '' || parsed.password !== '') {
    // Credentials are of no use here, and are not to be read in a log.
    const shown = url.replace(/^([^/]*\/\/)?.*@/, '$1…@');
    throw new RangeError(`url "${shown}": want http://HOST:PORT or unix:/PATH`);
  }
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port || 80),
  };
}

/** @throws RangeError */
export function placeOfAddress(address: string): Place {
  const { host, port } = split(address, Number.NaN);
  if (host === '' || !(port > 0 && port <= 65_535)) {
    throw new RangeError(`address "${address}": want HOST:PORT`);
  }
  return { host, port };
}

/** Host and port as an authority: an IPv6 address in brackets. */
export function joined(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Is a host this machine itself? Also what the kernel takes for it: the unspecified addresses. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 4) return host.startsWith('127.') || host === '0.0.0.0';
  if (version === 6) return /^(::1?|0*(:0*)+:0*1|::ffff:(127\.|7f).*)(%.*)?$/i.test(host);
  return /^(.+\.)?localhost\.?$/i.test(host);
}

/** The authority of gRPC's target: `dns:reviews:50051`, `dns://8.8.8.8/reviews:50051`, `reviews:50051`. */
export function authorityOfTarget(target: string): string {
  if (/^unix(-abstract)?:/.test(target)) return 'localhost';
  const [, path = ''] = /^(?:(?:dns|ipv4|ipv6|xds|passthrough):)?(.*)$/.exec(target) ?? [];
  return path.slice(path.lastIndexOf('/') + 1);
}
