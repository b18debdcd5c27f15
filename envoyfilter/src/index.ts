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
export { wasmModule } from './render/module.js';
export { RenderError, type RenderOptions, type WasmModule } from './render/options.js';
export {
  handOverHeader,
  type RateLimitService,
  rateLimitDomain,
  rateLimitFilters,
  rateLimitGuard,
} from './render/rate-limit-filters.js';
export { rateLimitServiceConfig } from './render/ratelimit.js';
export { type As, render, targetOf } from './render/render.js';
export type { Rendered, RenderedFile, Resource } from './render/resource.js';
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
