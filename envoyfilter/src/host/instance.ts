// instance: from a module and its imports to what it exports, or the reason why not.
// Checked as Envoy checks: the ABI version, every import by name, the number of a callback's
// parameters. Types of imports and results cannot be seen from JavaScript; memories and tables
// cannot be imported here.

import { type WasmFunction, type WasmMemory, type WasmModule, wasm } from './wasm-api.js';

/** The module cannot be loaded: it is no wasm, imports what the ABI has not, or has no allocator. */
export class WasmLoadError extends Error {
  readonly code = 'WASM_LOAD';
  override readonly name = 'WasmLoadError';
}

const ABI_020 = 'proxy_abi_version_0_2_0';
const ABI_021 = 'proxy_abi_version_0_2_1';
/** A host function that came with ABI 0.2.1. */
const SINCE_021 = 'proxy_get_log_level';

type Exports = Readonly<Record<string, unknown>>;

/** @throws WasmLoadError also where the start section traps */
export function instantiate(
  code: WasmModule,
  imports: Record<string, Record<string, unknown>>,
): Exports {
  const names = new Set(wasm.Module.exports(code).map(({ name }) => name));
  if (!names.has(ABI_020) && !names.has(ABI_021)) {
    throw new WasmLoadError(`found no ABI version, wanted one of ${ABI_020}, ${ABI_021}`);
  }
  if (!names.has(ABI_021)) delete imports.env?.[SINCE_021];
  for (const { module, name, kind } of wasm.Module.imports(code)) {
    if (kind !== 'function' || imports[module]?.[name] === undefined) {
      throw new WasmLoadError(`missing import: ${module}.${name}`);
    }
  }
  try {
    // The start section runs in here, when the guest's memory is not known yet.
    return new wasm.Instance(code, imports).exports;
  } catch (error) {
    throw new WasmLoadError(`the module does not start: ${(error as Error).message}`);
  }
}

/** The memory, by whatever name. @throws WasmLoadError where there is none */
export function memoryOf(exports: Exports): WasmMemory {
  const memory = Object.values(exports).find((one) => one instanceof wasm.Memory);
  if (memory === undefined) throw new WasmLoadError('the module exports no memory');
  return memory as WasmMemory;
}

/** @throws WasmLoadError where the export has another number of parameters */
export function functionOf(
  exports: Exports,
  name: string,
  params: number | undefined,
): WasmFunction | undefined {
  const found = exports[name];
  if (typeof found !== 'function') return undefined;
  if (params !== undefined && found.length !== params) {
    throw new WasmLoadError(
      `Bad function signature for: ${name}: found ${found.length} parameters, wanted ${params}`,
    );
  }
  return found as WasmFunction;
}
