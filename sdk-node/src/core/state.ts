// state: what a process has once, however many copies of this package are loaded in it.

import { AsyncLocalStorage } from 'node:async_hooks';

/** Shared by every copy whose key is the same: what is in here keeps its meaning while it is. */
export interface State {
  /** Holds the context of the request that is being handled. */
  readonly storage: AsyncLocalStorage<unknown>;
  /** What has been said: see warn.ts. */
  readonly said: Set<string>;
  /** Things that a process has once, each under its name; made by who asks first. */
  readonly once: Map<string, unknown>;
}

const KEY = Symbol.for('tagalong.node.1');
const shared = globalThis as { [KEY]?: State };
shared[KEY] ??= { storage: new AsyncLocalStorage(), said: new Set(), once: new Map() };

export const state: State = shared[KEY];

/** What this process has once under a name; `make` is called if nothing is there yet. */
export function once<T>(name: string, make: () => T): T {
  const { once: things } = state;
  if (!things.has(name)) things.set(name, make());
  return things.get(name) as T;
}
