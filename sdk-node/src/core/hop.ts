// hop: the ways to an authority. Pure.

import type { ConnectionOptions } from 'node:tls';

/** Options of node:tls for a direct connection: `ca`, `servername`, `cert`, `key`, … */
export type Tls = ConnectionOptions;

/** One way to an authority. */
export type Hop =
  /** As everything goes: through the sidecar, which intercepts or is the configured proxy. */
  | { readonly via: 'sidecar' }
  /** Another Envoy, as `http://central.mesh:15001` or `unix:/run/envoy.sock`; routes by Host. */
  | { readonly via: 'proxy'; readonly url: string }
  /** Past every proxy, to `host:port`, with TLS or, said in so many words, without. */
  | ({ readonly via: 'direct'; readonly address: string } & (
      | { readonly tls: Tls }
      | { readonly plaintext: true }
    ));

/** Authority (`reviews`, `*.shop.svc`, `host:port`) → its hops, in the order of trying. */
export type Routes = Readonly<Record<string, readonly Hop[]>>;

/**
 * The routes of TAGALONG_DIRECT: `reviews=tls://10.0.0.5:8443, ratings=plaintext://ratings:9080`.
 * Each authority goes through the sidecar first, then to its direct addresses in order.
 * @throws RangeError an entry is none of these
 */
export function directRoutes(text: string): Routes {
  const routes: Record<string, Hop[]> = Object.create(null);
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const [, authority, scheme, address] =
      /^([^=\s/]+)=(tls|plaintext):\/\/([^\s/]+:\d+)$/.exec(entry) ?? [];
    const port = Number(address?.slice(address.lastIndexOf(':') + 1));
    if (authority === undefined || address === undefined || port < 1 || port > 65_535) {
      throw new RangeError(
        `"${entry}": want AUTHORITY=tls://HOST:PORT or AUTHORITY=plaintext://HOST:PORT`,
      );
    }
    const hop: Hop =
      scheme === 'tls'
        ? { via: 'direct', address, tls: {} }
        : { via: 'direct', address, plaintext: true };
    const key = authority.toLowerCase();
    routes[key] ??= [{ via: 'sidecar' }];
    routes[key].push(hop);
  }
  return routes;
}
