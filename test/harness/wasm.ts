// wasm: the release module, as @tagalong/filter ships it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const WASM_PATH = createRequire(import.meta.url).resolve('@tagalong/filter/tagalong.wasm');

/** The module's bytes. */
export function wasmBytes(): Uint8Array {
  return new Uint8Array(readFileSync(WASM_PATH));
}
