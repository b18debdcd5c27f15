// index: what programs import. Re-exports only.

export * from './envoy/index.js';
export * from './host/index.js';
export { type GlobalLimit, globalLimitsIn, globalLimitsOf } from './policy/global-limits.js';
export {
  type Direction,
  type FilterEntry,
  type FilterSpec,
  filterEntries,
  type PlacedEntry,
  type Policy,
  PolicyError,
  type RouteSpec,
  readPolicy,
  type Version,
  versionsOf,
} from './policy/policy.js';
export { capabilitiesHash, capabilitiesOf } from './render/capabilities.js';
export {
  handOverHeader,
  type RateLimitService,
  rateLimitDomain,
  rateLimitFilters,
} from './render/rate-limit-filters.js';
export { rateLimitServiceConfig } from './render/ratelimit.js';
export { LABELS, statsConfig } from './render/stats-tags.js';
export {
  discoveredFilter,
  extensionConfig,
  type PluginConfig,
  pluginConfig,
  ROOT_ID,
  staticFilter,
  VM_ID,
  type WasmFilterOptions,
} from './render/wasm-filter.js';
