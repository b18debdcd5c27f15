// tiny-module: a module that is no filter and has some of a filter's names: rendered files can hold
// it whole, and do not change with the filter.

import createWabt from 'wabt';
import { wasmModule } from '../../../envoyfilter/src/render/module.js';
import type { WasmModule } from '../../../envoyfilter/src/render/options.js';

const IMPORTS = ['proxy_log', 'proxy_get_header_map_pairs', 'proxy_replace_header_map_value'];
const EXPORTS = ['proxy_on_vm_start', 'proxy_on_configure', 'proxy_on_request_headers'];

const { parseWat } = await createWabt();

export const tinyModule: WasmModule = assemble([
  ...IMPORTS.map((name) => `(import "env" "${name}" (func))`),
  ...EXPORTS.map((name) => `(func (export "${name}"))`),
]);

/** A module of about so many bytes. */
export function moduleOf(bytes: number): WasmModule {
  return assemble(['(memory 64)', `(data (i32.const 0) "${'a'.repeat(bytes)}")`]);
}

function assemble(fields: readonly string[]): WasmModule {
  const module = parseWat('tiny', `(module ${fields.join('\n')})`);
  const { buffer } = module.toBinary({});
  module.destroy();
  return wasmModule(new Uint8Array(buffer));
}
