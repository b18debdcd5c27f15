// index: what applications import. Re-exports only.

export { bucket } from './bucket.js';
export type { Carrier } from './carrier.js';
export { type Context, current, extract, inject, run } from './context.js';
