// envoy-listener: the listener of one filter entry and direction in a plain Envoy.

import type { PlacedEntry, Policy } from '../../policy/policy.js';
import { filterName } from '../names.js';
import { everythingTo, virtualHosts } from './envoy-routes.js';

const TYPE = 'type.googleapis.com/';
const ROUTER = `${TYPE}envoy.extensions.filters.http.router.v3.Router`;
const MANAGER = `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;

/** The cluster of the application behind an inbound listener. */
export const APP = 'app';

export interface ListenerOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Of gateways and inbound requests; default 0.0.0.0. */
  readonly address?: string;
  readonly accessLog?: readonly object[];
}

/** `filters`: all that stand before the router. */
export function listener(
  policy: Policy,
  entry: PlacedEntry,
  filters: readonly object[],
  { port, address: host = '0.0.0.0', accessLog }: ListenerOptions,
): object {
  const { direction } = entry;
  const routed = direction !== 'inbound' && (policy.spec.routes ?? []).length > 0;
  const name = filterName(entry);
  const manager = {
    '@type': MANAGER,
    stat_prefix: `tagalong_${direction}`,
    // At the edge a client is who connects, whatever X-Forwarded-For it sends.
    ...(direction === 'gateway' ? { use_remote_address: true } : {}),
    route_config: {
      virtual_hosts: routed ? virtualHosts(policy) : everythingTo(APP),
      ignore_port_in_host_matching: true,
    },
    http_filters: [
      ...filters,
      { name: 'envoy.filters.http.router', typed_config: { '@type': ROUTER } },
    ],
    ...(accessLog && { access_log: accessLog }),
  };
  return {
    name,
    // Only applications beside it use an outbound listener.
    address: address(direction === 'outbound' ? '127.0.0.1' : host, port),
    filter_chains: [
      {
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
      },
    ],
  };
}

export function address(host: string, port: number): object {
  return { socket_address: { address: host, port_value: port } };
}
