// host: a proxy-wasm host on V8 that behaves as Envoy does. Re-exports only.

export { type Clock, ManualClock, systemClock } from './clock.js';
export type { ForeignFunction, ForeignResult } from './foreign.js';
export { HeaderMap, type HeaderPairs } from './header-map.js';
export { Host, type HostOptions } from './host.js';
export { HOST_CALLS } from './imports.js';
export { WasmLoadError } from './instance.js';
export type { LogEntry } from './log.js';
export { Metrics, parseMetricName } from './metrics.js';
export { Plugin, type PluginOptions, type StreamOptions } from './plugin.js';
export type { PropertyValue } from './properties.js';
export type { LocalReply } from './reply.js';
export { SharedData } from './shared-data.js';
export { Action, BufferType, LogLevel, MapType, MetricType, Status } from './status.js';
export { type Outcome, Stream } from './stream.js';
export { Vm } from './vm.js';
