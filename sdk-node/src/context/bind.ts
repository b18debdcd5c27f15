// bind: a request's emitters call their listeners within the request's context. Without it a
// listener of 'data' or 'end' runs in whatever context the socket's last event left (all versions).

import type { AsyncLocalStorage } from 'node:async_hooks';
import { once, state } from '../core/state.js';
import type { Headed } from './context.js';

/** The context of an emitter; null: it has none, whatever is current; absent: not bound. */
export const CONTEXT = Symbol.for('tagalong.context.1');

/** Who may be bound. */
export interface Bound {
  [CONTEXT]?: Headed | null;
  emit(event: string | symbol, ...args: unknown[]): boolean;
}

type Emit = (this: Bound, event: string | symbol, ...args: unknown[]) => boolean;

const storage = state.storage as AsyncLocalStorage<Headed | undefined>;
const shadowed = once('shadowed emitters', () => new WeakSet<object>());

/** The emitters whose prototypes these are, or inherit from, can be bound from now on. */
export function makeBindable(...prototypes: object[]): void {
  for (const prototype of prototypes as { emit: Emit }[]) {
    if (shadowed.has(prototype)) continue;
    shadowed.add(prototype);
    const original = prototype.emit;
    // One function for all emitters of a kind: a closure for each request costs more than a look
    // at a property for each event.
    const emit: Emit = function emit(event, ...args) {
      const bound = this[CONTEXT];
      if (bound === undefined || storage.getStore() === (bound ?? undefined)) {
        return original.call(this, event, ...args);
      }
      return storage.run(bound ?? undefined, emitOf, original, this, event, args);
    };
    Object.defineProperty(prototype, 'emit', {
      value: emit,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
}

function emitOf(original: Emit, emitter: Bound, event: string | symbol, args: unknown[]): boolean {
  return original.call(emitter, event, ...args);
}

/** Binds an emitter; its kind must have been made bindable. */
export function bind(emitter: object, context: Headed | undefined): void {
  (emitter as Bound)[CONTEXT] = context ?? null;
}

/** Is an emitter bound, be it to no context? */
export function isBound(emitter: object): boolean {
  return (emitter as Bound)[CONTEXT] !== undefined;
}
