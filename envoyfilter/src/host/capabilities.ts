// capabilities: which host functions and callbacks a VM may use (capability_restriction_config).
// Names are the full ones for proxy-wasm (`proxy_log`, `proxy_on_request_headers`) and bare for
// WASI (`random_get`). An empty list restricts nothing, exactly as in Envoy.
// Not restrictable: the allocator, `_initialize`, `_start`, `main`, and the emscripten imports.

export class Capabilities {
  readonly #allowed: ReadonlySet<string>;
  /** The same for equal sets whatever their order; '' when nothing is restricted. */
  readonly key: string;

  constructor(allowed: readonly string[] = []) {
    this.#allowed = new Set(allowed);
    this.key = [...this.#allowed].sort().join(',');
  }

  allows(name: string): boolean {
    return this.#allowed.size === 0 || this.#allowed.has(name);
  }
}
