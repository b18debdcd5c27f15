// context: the headers of the request that is being handled, and where they go next.
// One AsyncLocalStorage a process, shared by all copies of this package that may be loaded.

import { AsyncLocalStorage } from 'node:async_hooks';
import { type Carrier, entriesOf, withHeaders } from './carrier.js';
import { isMeshHost } from './mesh.js';
import { SINGLE, TRACE_SET } from './names.js';

/** What follows a request: lower-case names, values as they came. */
export interface Context {
  readonly headers: ReadonlyMap<string, string>;
}

const KEY = Symbol.for('tagalong.node.1');
const shared = globalThis as { [KEY]?: AsyncLocalStorage<Context> };
shared[KEY] ??= new AsyncLocalStorage<Context>();
const storage: AsyncLocalStorage<Context> = shared[KEY];

const carried = new Set([...TRACE_SET, ...SINGLE]);

/** The headers to carry on from an incoming request; undefined where there are none. */
export function extract(incoming: Carrier): Context | undefined {
  const headers = new Map<string, string>();
  for (const [name, value] of entriesOf(incoming)) {
    // An empty trace header breaks the next reader; of a repeated one the first is what Node shows.
    if (carried.has(name) && value !== '' && !headers.has(name)) headers.set(name, value);
  }
  return headers.size > 0 ? { headers } : undefined;
}

/** Calls `fn`, and everything that it starts, within a context. */
export function run<T>(context: Context | undefined, fn: () => T): T {
  return context === undefined ? storage.exit(fn) : storage.run(context, fn);
}

/** The context that is being handled. */
export function current(): Context | undefined {
  return storage.getStore();
}

/**
 * A new carrier of the same shape, with what the context carries. What the caller set stays; the
 * trace headers are one set: if the caller set any, none is added. `to` outside the mesh:
 * unchanged.
 */
export function inject<C extends Carrier>(
  outgoing: C,
  to: string | URL,
  context: Context | undefined = current(),
): C {
  if (context === undefined || !isMeshHost(new URL(to).hostname)) return outgoing;
  const present = new Set<string>();
  for (const [name] of entriesOf(outgoing)) present.add(name);
  const traced = TRACE_SET.some((name) => present.has(name));
  const added = [...context.headers].filter(
    ([name]) => !present.has(name) && !(traced && TRACE_SET.includes(name)),
  );
  return withHeaders(outgoing, added);
}
