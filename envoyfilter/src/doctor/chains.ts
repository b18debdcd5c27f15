// chains: the HTTP filters of a proxy, listener by listener, and which of them are ours; read from
// /config_dump. Promise: pure; what has another form than Envoy's is passed over, never a fault.

import type { ConfigDump } from '../envoy/index.js';
import { type Json, list, record, text } from './json.js';
import { type Plugin, readPlugin } from './plugin.js';

/** The HTTP filters of one filter chain of a listener. */
export interface HttpChain {
  readonly listener: string;
  /** `127.0.0.1:8080`, where it has one. */
  readonly address: string | undefined;
  /** Static ones are of the bootstrap; Istio's own serve health and statistics. */
  readonly isStatic: boolean;
  readonly trafficDirection: 'INBOUND' | 'OUTBOUND' | undefined;
  readonly statPrefix: string;
  readonly filters: readonly HttpFilter[];
  /** What routes say of single filters is in it; undefined where routes are discovered. */
  readonly routes: Json;
  /** The name of the discovered routes. */
  readonly routesName: string | undefined;
}

export interface HttpFilter {
  readonly name: string;
  /** As `envoy.extensions.filters.http.wasm.v3.Wasm`; undefined: discovered, and not there yet. */
  readonly type: string | undefined;
  readonly config: Json;
  readonly discovered: boolean;
  readonly disabled: boolean;
}

/** A filter that is Tagalong's, by what it is or, where that never came, by its name. */
export interface OurFilter {
  readonly chain: HttpChain;
  readonly filter: HttpFilter;
  readonly position: number;
  /** Undefined where what it was to be has not come. */
  readonly plugin: Plugin | undefined;
}

const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
export const WASM = 'envoy.extensions.filters.http.wasm.v3.Wasm';
export const RBAC = 'envoy.extensions.filters.http.rbac.v3.RBAC';

/** NAMESPACE/POLICY/ENTRY/DIRECTION, or the object that a WasmPlugin made. */
const OUR_NAME = /^[^/]+\/[^/]+\/\d+\/(gateway|inbound|outbound)$|(^|\.)tagalong-/;

export function readChains(dump: ConfigDump): HttpChain[] {
  const discovered = discoveredFilters(dump);
  return listenersIn(dump).flatMap(({ listener, isStatic }) =>
    [...list(listener.filter_chains), listener.default_filter_chain]
      .flatMap((chain) => list(record(chain).filters))
      .map((filter) => record(record(filter).typed_config))
      .filter((config) => typeOf(config) === MANAGER)
      .map((manager) => readChain(listener, isStatic, manager, discovered)),
  );
}

export function ourFilters(chains: readonly HttpChain[]): OurFilter[] {
  return chains.flatMap((chain) =>
    chain.filters.flatMap((filter, position): OurFilter[] => {
      const plugin = filter.type === WASM ? readPlugin(filter.config) : undefined;
      if (plugin?.isOurs) return [{ chain, filter, position, plugin }];
      if (filter.type === WASM || !OUR_NAME.test(filter.name)) return [];
      return [{ chain, filter, position, plugin: undefined }];
    }),
  );
}

interface Listener {
  readonly listener: Record<string, Json>;
  readonly isStatic: boolean;
}

function listenersIn(dump: ConfigDump): Listener[] {
  return dump.configs
    .filter((section) => section['@type'].endsWith('.ListenersConfigDump'))
    .flatMap((section) => [
      ...list(section.static_listeners).map((one) => ({
        listener: record(record(one).listener),
        isStatic: true,
      })),
      ...list(section.dynamic_listeners).flatMap((one) => {
        const active = record(record(one).active_state).listener;
        return active === undefined ? [] : [{ listener: record(active), isStatic: false }];
      }),
    ]);
}

/**
 * What Envoy was last sent for a discovered filter, in force or refused: /config_dump does not tell
 * (seen on 1.36 and 1.40: no error_state there), the statistic version_text does.
 */
export interface Discovered {
  readonly config: Json;
  readonly version: string;
  /** Where Envoy says why it refused it. */
  readonly error: string | undefined;
}

/** By name. */
export function discoveredFilters(dump: ConfigDump): Map<string, Discovered> {
  const found = new Map<string, Discovered>();
  for (const section of dump.configs) {
    if (!section['@type'].endsWith('.EcdsConfigDump')) continue;
    for (const item of list(section.ecds_filters).map(record)) {
      const extension = record(item.ecds_filter);
      const error = record(item.error_state);
      found.set(text(extension.name), {
        config: extension.typed_config,
        version: text(item.version_info),
        error: error.details === undefined ? undefined : text(error.details),
      });
    }
  }
  return found;
}

/** Listeners whose last update was refused, and why. */
export function refusedListeners(dump: ConfigDump): { name: string; error: string }[] {
  return dump.configs
    .filter((section) => section['@type'].endsWith('.ListenersConfigDump'))
    .flatMap((section) => list(section.dynamic_listeners).map(record))
    .filter((one) => one.error_state !== undefined)
    .map((one) => ({ name: text(one.name), error: text(record(one.error_state).details) }));
}

/** The discovered routes, by name. */
export function discoveredRoutes(dump: ConfigDump): Map<string, Json> {
  return new Map(
    dump.configs
      .filter((section) => section['@type'].endsWith('.RoutesConfigDump'))
      .flatMap((section) => list(section.dynamic_route_configs).map(record))
      .map((one) => [text(record(one.route_config).name), one.route_config]),
  );
}

function readChain(
  listener: Record<string, Json>,
  isStatic: boolean,
  manager: Record<string, Json>,
  discovered: ReadonlyMap<string, Discovered>,
): HttpChain {
  const socket = record(record(listener.address).socket_address);
  const direction = listener.traffic_direction;
  return {
    listener: text(listener.name),
    address:
      socket.address === undefined
        ? undefined
        : `${text(socket.address)}:${Number(socket.port_value ?? 0)}`,
    isStatic,
    trafficDirection: direction === 'INBOUND' || direction === 'OUTBOUND' ? direction : undefined,
    statPrefix: text(manager.stat_prefix),
    filters: list(manager.http_filters).map((filter) => readFilter(record(filter), discovered)),
    routes: manager.route_config,
    routesName: manager.rds === undefined ? undefined : text(record(manager.rds).route_config_name),
  };
}

function readFilter(
  filter: Record<string, Json>,
  discovered: ReadonlyMap<string, Discovered>,
): HttpFilter {
  const name = text(filter.name);
  const isDiscovered = filter.config_discovery !== undefined;
  const config = isDiscovered ? discovered.get(name)?.config : filter.typed_config;
  return {
    name,
    type: config === undefined ? undefined : typeOf(record(config)),
    config,
    discovered: isDiscovered,
    disabled: filter.disabled === true,
  };
}

function typeOf(config: Record<string, Json>): string {
  return text(config['@type']).replace(/^.*\//, '');
}
