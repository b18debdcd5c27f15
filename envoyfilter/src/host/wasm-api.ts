// wasm-api: the part of the WebAssembly JavaScript interface that the host uses, typed.
// The repository compiles without the DOM library, where TypeScript keeps these types.
// Owns no behaviour. Spec: WebAssembly JavaScript Interface.

/** A compiled module; `WebAssembly.Module` fits. */
export type WasmModule = object;

/** A linear memory; `WebAssembly.Memory` fits. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export type WasmFunction = (...args: (number | bigint)[]) => number | bigint | undefined;

export interface WasmDescriptor {
  readonly name: string;
  readonly kind: 'function' | 'memory' | 'table' | 'global' | 'tag';
}

export interface WasmImport extends WasmDescriptor {
  readonly module: string;
}

interface WasmInstance {
  readonly exports: Record<string, unknown>;
}

interface WasmInterface {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    imports(module: WasmModule): WasmImport[];
    exports(module: WasmModule): WasmDescriptor[];
  };
  readonly Instance: new (
    module: WasmModule,
    imports: Record<string, Record<string, unknown>>,
  ) => WasmInstance;
  readonly Memory: new (limits: { initial: number; maximum?: number }) => WasmMemory;
  readonly RuntimeError: new (message?: string) => Error;
  readonly CompileError: new (message?: string) => Error;
  readonly LinkError: new (message?: string) => Error;
}

export const wasm = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;
