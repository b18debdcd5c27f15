// modules: tells when a file of a client library has been loaded, by `require` or `import`: an
// `import` of CommonJS comes through the loader of CommonJS too, on all versions, with no hook.
// Bundled copies and sources that a loader hook supplies are not seen.

import type Module from 'node:module';
import { warnOnce } from '../core/warn.js';

interface Loader {
  _load(request: string, ...more: unknown[]): unknown;
  _cache: Record<string, Module | undefined>;
}

/** A file of a library, and what to do with its exports. */
export interface Wanted {
  readonly library: string;
  /** How its path ends, without `.js`: the folder of a copy may have any name. */
  readonly file: string;
  /** False: these are the exports of another file of this name. May be called again. */
  readonly patch: (exports: unknown) => boolean;
}

export function installModules(wanted: readonly Wanted[]): void {
  const loader = process.getBuiltinModule('node:module') as unknown as Loader;
  const byName = new Map<string, Wanted['patch'][]>();
  for (const { file, patch } of wanted) {
    const name = file.slice(file.lastIndexOf('/') + 1);
    byName.set(name, [...(byName.get(name) ?? []), patch]);
  }
  const original = loader._load;
  loader._load = function _load(this: unknown, request, ...more) {
    const exports = original.call(this, request, ...more);
    if (typeof request === 'string') {
      const found = byName.get(nameOf(request));
      if (found !== undefined) for (const patch of found) attempt(patch, exports);
    }
    return exports;
  };
  for (const path of Object.keys(loader._cache)) {
    const plain = path.replaceAll('\\', '/');
    for (const { library, file, patch } of wanted) {
      if (!plain.endsWith(`/${file}.js`)) continue;
      if (!attempt(patch, loader._cache[path]?.exports)) continue;
      warnOnce(
        `early:${library}`,
        `${library} was loaded before @tagalong/node/register: what it did until now carries no headers. Put --import @tagalong/node/register first.`,
      );
    }
  }
}

/**
 * What exports have under a name of their own. To ask for another, of a file that is being loaded in
 * a circle, would earn a warning by Node.
 */
export function exported(exports: unknown, name: string): unknown {
  const given = (exports ?? {}) as Record<string, unknown>;
  return Object.hasOwn(given, name) ? given[name] : undefined;
}

function nameOf(request: string): string {
  const start = Math.max(request.lastIndexOf('/'), request.lastIndexOf('\\')) + 1;
  return request.slice(start, request.endsWith('.js') ? -3 : undefined);
}

// A library that is made otherwise than we know must load all the same.
function attempt(patch: Wanted['patch'], exports: unknown): boolean {
  try {
    return patch(exports);
  } catch {
    return false;
  }
}
