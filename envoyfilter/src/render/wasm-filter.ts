// wasm-filter: a filter entry as Envoy's HTTP filter, static or through config discovery.
// Promise: pure data. Through discovery a refused configuration is refused by Envoy and the one
// before stays; with none before, the default lets requests pass. In a static listener a module
// that answers false keeps Envoy from starting, so there the VM is not strict.

import type { FilterEntry } from '../policy/policy.js';
import { capabilitiesHash, capabilitiesOf } from './capabilities.js';
import { atLeast, LATEST } from './target.js';

const TYPE = 'type.googleapis.com/';
const WASM = `${TYPE}envoy.extensions.filters.http.wasm.v3.Wasm`;
const RBAC = `${TYPE}envoy.extensions.filters.http.rbac.v3.RBAC`;
const STRING = `${TYPE}google.protobuf.StringValue`;

/** One shared-data space for all of Tagalong's VMs in a proxy. */
export const VM_ID = 'tagalong';
/** The root id that the module answers to. */
export const ROOT_ID = 'tagalong';

/**
 * How long after it was made a VM that failed is made anew; until then requests are answered with
 * 503. Envoy's own second would let one bad request a second stop a proxy. A new VM takes a worker
 * 4 to 8 ms; the interval never grows (Envoy 1.40, by a guest that traps).
 */
const RELOAD_BACKOFF = { base_interval: '0.1s' };

/** AsyncDataSource of Envoy. */
export type CodeSource = { readonly local: object } | { readonly remote: object };

/** The module: a path that Envoy can read, or another source of it. */
type Code =
  | { readonly wasmPath: string; readonly code?: never }
  | { readonly code: CodeSource; readonly wasmPath?: never };

export type WasmFilterOptions = Code & {
  /** MAJOR.MINOR of the Envoy that will load it; default 1.40. */
  readonly envoy?: string;
  /** What the module imports and exports; default: all that a capability can name. */
  readonly offers?: ReadonlySet<string>;
  /** Text to send instead of the entry's configuration; for tests of what is refused. */
  readonly configuration?: string;
  /** What Envoy does when the VM fails: default FAIL_RELOAD. */
  readonly failurePolicy?: 'FAIL_RELOAD' | 'FAIL_OPEN' | 'FAIL_CLOSED';
};

/** What Envoy needs to load one filter. */
export interface PluginConfig {
  readonly name: string;
  readonly root_id: string;
  readonly configuration: { '@type': string; value: string };
  readonly vm_config: Record<string, unknown>;
  readonly [field: string]: unknown;
}

/** The `config` of Envoy's wasm filter. `strict`: a refused configuration is refused by Envoy too. */
export function pluginConfig(
  entry: FilterEntry,
  strict: boolean,
  options: WasmFilterOptions,
): PluginConfig {
  const capabilities = capabilitiesOf(entry, options.offers);
  const failure = options.failurePolicy ?? 'FAIL_RELOAD';
  const restriction = {
    capability_restriction_config: {
      allowed_capabilities: Object.fromEntries(capabilities.map((name) => [name, {}])),
    },
  };
  const vmConfiguration = {
    id: entry.id,
    direction: entry.direction,
    caps: capabilitiesHash(capabilities),
    strict,
  };
  // The list moved from the plugin to the VM with Envoy 1.40.
  const inVm = atLeast(options.envoy ?? LATEST.envoy, '1.40');
  return {
    name: entry.id,
    root_id: ROOT_ID,
    failure_policy: failure,
    ...(failure === 'FAIL_RELOAD' ? { reload_config: { backoff: RELOAD_BACKOFF } } : {}),
    vm_config: {
      vm_id: VM_ID,
      runtime: 'envoy.wasm.runtime.v8',
      code: options.code ?? { local: { filename: options.wasmPath } },
      configuration: { '@type': STRING, value: JSON.stringify(vmConfiguration) },
      ...(inVm ? restriction : {}),
    },
    ...(inVm ? {} : restriction),
    configuration: {
      '@type': STRING,
      value: options.configuration ?? JSON.stringify(entry.configuration),
    },
  };
}

/** The filter in the listener itself. */
export function staticFilter(entry: FilterEntry, options: WasmFilterOptions): object {
  return {
    name: entry.id,
    typed_config: { '@type': WASM, config: pluginConfig(entry, false, options) },
  };
}

/** The filter as a name that Envoy asks `configSource` for; requests pass until it has come. */
export function discoveredFilter(name: string, configSource: object): object {
  return {
    name,
    config_discovery: {
      config_source: configSource,
      default_config: { '@type': RBAC },
      type_urls: [WASM, RBAC].map((url) => url.slice(TYPE.length)),
    },
  };
}

/** What `discoveredFilter` asks for: a TypedExtensionConfig. */
export function extensionConfig(
  name: string,
  entry: FilterEntry,
  options: WasmFilterOptions,
): object {
  return {
    '@type': `${TYPE}envoy.config.core.v3.TypedExtensionConfig`,
    name,
    typed_config: { '@type': WASM, config: pluginConfig(entry, true, options) },
  };
}
