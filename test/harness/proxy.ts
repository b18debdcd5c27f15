// proxy: one proxy of the mesh, as data: its listeners with their filters and routes, its clusters.
// Two things can run it: a real Envoy (envoy-proxy.ts) and, where none can be had, the V8 host with
// a small HTTP proxy around it (embedded-proxy.ts).

import type { Sample } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';

export interface ProxyRoute {
  readonly cluster: string;
  /** Only requests with exactly this header; the first route that matches is taken. */
  readonly when?: { readonly header: string; readonly value: string };
}

export interface ProxyListener {
  readonly name: string;
  readonly filter: FilterEntry;
  readonly routes: readonly ProxyRoute[];
}

export interface ProxySpec {
  readonly name: string;
  readonly listeners: readonly ProxyListener[];
  /** Name -> port on loopback. */
  readonly clusters: Readonly<Record<string, number>>;
}

export interface MeshProxy {
  /** Where /stats/prometheus is; undefined where there is no admin interface. */
  readonly admin?: string;
  port(listener: string): Promise<number>;
  /** The filter's own metrics. */
  metrics(): Promise<Sample[]>;
  stop(): Promise<void>;
}

export type StartMeshProxy = (spec: ProxySpec) => Promise<MeshProxy>;

/**
 * The response header in which every proxy says what it did: its listener, the tag as the next hop
 * gets it, and the cluster.
 */
export const VIA = 'x-via';
