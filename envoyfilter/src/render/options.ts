// options: what every renderer is called with, and what it gives back.

import type { Policy } from '../policy/policy.js';
import type { Rendered, Resource } from './resource.js';
import type { Target } from './target.js';

/** The filter's release module. */
export interface WasmModule {
  readonly bytes: Uint8Array;
  /** Of the bytes, 64 hex digits. */
  readonly sha256: string;
}

export interface RenderOptions {
  /** The versions that will load what is rendered. */
  readonly target: Target;
  readonly module: WasmModule;
  /** A part of what Istio is given: `filters` with all that they need, or `routes`. Default both. */
  readonly only?: 'routes' | 'filters';
  /** `stream`: one text, for a pipe; where that makes a difference. Default `folder`. */
  readonly to?: 'folder' | 'stream';
}

/** Makes everything that `--as NAME` stands for. @throws RenderError */
export type Renderer = (
  policies: readonly Policy[],
  options: RenderOptions,
) => Rendered | Promise<Rendered>;

/** A part of what Istio is given, from one of the renderers that have a share in it. */
export interface ResourceSet {
  readonly resources: readonly Resource[];
  /** For the user, on stderr. One line each. */
  readonly notes: readonly string[];
}

/** The policy cannot be rendered in this way. The message says what came, and what to do. */
export class RenderError extends Error {
  readonly code = 'RENDER_IMPOSSIBLE';
  override readonly name = 'RenderError';
}
