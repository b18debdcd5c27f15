// module: the filter's release module, as @tagalong/filter ships it, read and compiled once.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type WasmModule, wasm } from './wasm-api.js';

let release: Uint8Array | undefined;
const compiled = new WeakMap<Uint8Array, WasmModule>();

/** @throws where the filter has not been built */
export function releaseModule(): Uint8Array {
  if (release === undefined) {
    const path = createRequire(import.meta.url).resolve('@tagalong/filter/tagalong.wasm');
    release = new Uint8Array(readFileSync(path));
  }
  return release;
}

/** Simulated proxies share it: each has instances of its own. @throws where it is no module */
export function compiledModule(bytes: Uint8Array): WasmModule {
  const known = compiled.get(bytes);
  if (known !== undefined) return known;
  const module = new wasm.Module(bytes);
  compiled.set(bytes, module);
  return module;
}
