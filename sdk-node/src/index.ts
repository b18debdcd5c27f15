// index: what applications import. Re-exports only.

export { createFetch } from './call/fetch.js';
export type { CallOptions, RetryOptions } from './call/options.js';
export { type Context, current, extract, run } from './context/context.js';
export { inject } from './context/outgoing.js';
export { bucket } from './core/bucket.js';
export type { Channels, SidecarState } from './core/channels.js';
export { type Attempt, type Code, TagalongError } from './core/errors.js';
export type { Hop, Routes, Tls } from './core/hop.js';
export type { Carrier } from './headers/carrier.js';
export type { HeaderOption } from './headers/selection.js';
export type { Expect, Options, SidecarOptions } from './options/options.js';
export { configure } from './options/settings.js';
export { type QuitOptions, sidecar, type WaitOptions } from './sidecar/sidecar.js';
export { type TuneOptions, tuneServer } from './sidecar/tune.js';
export type { Mode } from './trace/trace.js';
