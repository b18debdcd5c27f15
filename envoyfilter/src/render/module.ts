// module: the filter's module, as far as what is rendered depends on it.

import { createHash } from 'node:crypto';
import { RenderError, type WasmModule } from './options.js';

/** The part of the WebAssembly interface that is used; TypeScript keeps its types in the DOM's. */
interface WebAssemblyModule {
  new (bytes: Uint8Array): object;
  imports(module: object): { readonly name: string }[];
  exports(module: object): { readonly name: string }[];
}

export function wasmModule(bytes: Uint8Array): WasmModule {
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * The names of everything that the module imports or exports: a capability that is not among them
 * restricts nothing.
 * @throws RenderError where the bytes are no module
 */
export function namesIn({ bytes }: WasmModule): ReadonlySet<string> {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { Module: WebAssemblyModule };
  };
  try {
    const module = new WebAssembly.Module(bytes);
    const all = [...WebAssembly.Module.imports(module), ...WebAssembly.Module.exports(module)];
    return new Set(all.map(({ name }) => name));
  } catch (error) {
    const size = `${bytes.byteLength} bytes`;
    throw new RenderError(
      `found a module of ${size} that does not compile, wanted tagalong.wasm: ${(error as Error).message}`,
    );
  }
}
