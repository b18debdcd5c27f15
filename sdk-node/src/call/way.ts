// way: one hop of one call, as an address to connect to.

import type { Via } from '../core/errors.js';
import type { Hop, Tls } from '../core/hop.js';
import { isLoopback, type Place, placeOfAddress, placeOfProxy } from '../core/place.js';
import { once } from '../core/state.js';
import { settings } from '../options/settings.js';
import { life } from '../sidecar/life.js';

/** What a call is for. */
export interface Target {
  /** As the URL says it: `reviews:9080`. */
  readonly authority: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** https, or gRPC with TLS. */
  readonly secure: boolean;
}

export interface Way {
  readonly via: Via;
  /** Of pools and breakers. An intercepting sidecar is told apart by authority. */
  readonly key: string;
  /** Undefined: where the call itself would go, which the sidecar intercepts. */
  readonly place: Place | undefined;
  /** Of a direct hop. */
  readonly tls: Tls | undefined;
}

/** The ways of a call, in order, and why the other hops of its route are none. */
export interface Ways {
  readonly usable: readonly Way[];
  readonly refused: readonly string[];
}

export function waysOf(hops: readonly Hop[], target: Target): Ways {
  const usable: Way[] = [];
  const refused: string[] = [];
  for (const hop of hops) {
    const way = wayOf(hop, target);
    if (typeof way === 'string') refused.push(way);
    else usable.push(way);
  }
  return { usable, refused };
}

const PROXY_REMEDY =
  'a proxy cannot route what is encrypted by the caller: call http:// and let the mesh encrypt, or list a direct hop with `tls`';

function wayOf(hop: Hop, { authority, secure }: Target): Way | string {
  if (hop.via === 'direct') {
    const tls = 'tls' in hop ? hop.tls : undefined;
    if (secure && tls === undefined) {
      return `${hop.address}: an https call is not sent in plaintext: give the hop \`tls\``;
    }
    const kind = tls === undefined ? 'plaintext' : 'tls';
    const key = `${kind} ${hop.address} ${authority}`;
    return { via: 'direct', key, place: placeOfAddress(hop.address), tls };
  }
  const url = hop.via === 'proxy' ? hop.url : settings().sidecar.proxy;
  if (url === undefined) {
    return { via: 'sidecar', key: `sidecar ${authority}`, place: undefined, tls: undefined };
  }
  if (secure) return `${hop.via}: ${PROXY_REMEDY}`;
  return { via: hop.via, key: `${hop.via} ${url}`, place: placeOfProxy(url), tls: undefined };
}

/** Is the sidecar known to be dead? */
export function isDead({ via }: Way): boolean {
  return via === 'sidecar' && life().state === 'dead';
}

/** Goes up whenever the sidecar has become ready: what was held against it is forgotten. */
export function epochOf({ via }: Way): number {
  if (via !== 'sidecar') return 0;
  return once('sidecar-epoch', () => {
    const epoch = { count: 0 };
    life().watch((to) => {
      if (to === 'ready') epoch.count++;
    });
    return epoch;
  }).count;
}

/** Does a call this way wait until the sidecar was ready? */
export function waitsForSidecar({ via, place }: Way, { host }: Target): boolean {
  return via === 'sidecar' && (place !== undefined || !isLoopback(host));
}

/**
 * Is an Envoy of ours the first to answer this way? An application behind a direct connection may
 * pass on what an Envoy of its own has said; through ours that would carry an upstream's time.
 */
export function isThroughEnvoy({ via, place }: Way): boolean {
  return via === 'proxy' || (via === 'sidecar' && (place !== undefined || life().state !== 'none'));
}
