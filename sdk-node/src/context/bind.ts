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

/**
 * The emitters that these are, or whose prototypes these are or inherit from, can be bound from now
 * on.
 */
export function makeBindable(...kinds: object[]): void {
  for (const kind of kinds) {
    if (shadowed.has(kind)) continue;
    shadowed.add(kind);
    const behind = emitBehind(kind);
    // One function for all emitters of a kind: a closure for each request costs more than a look
    // at a property for each event.
    const emit: Emit = function emit(event, ...args) {
      const original = behind.emit;
      const bound = this[CONTEXT];
      if (bound === undefined || storage.getStore() === (bound ?? undefined)) {
        return original.call(this, event, ...args);
      }
      return storage.run(bound ?? undefined, emitOf, original, this, event, args);
    };
    Object.defineProperty(kind, 'emit', {
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

/**
 * Has the `emit` that an object has of its own; where it has none, the one that it inherits when it
 * is asked for: node:domain, and others, replace that later.
 */
export function emitBehind(kind: object): { readonly emit: Emit } {
  const { emit } = kind as Bound;
  return Object.hasOwn(kind, 'emit') ? { emit } : Object.getPrototypeOf(kind);
}

/**
 * What to make bindable for a stream of HTTP/2: the prototype of Node's own, which is not exported;
 * of another's, which may be that of any emitter, the stream alone.
 */
export function kindOfStream(stream: object): object {
  const prototype = Object.getPrototypeOf(stream);
  return Object.hasOwn(prototype ?? {}, 'pushStream') ? prototype : stream;
}

/** Binds an emitter; its kind must have been made bindable. */
export function bind(emitter: object, context: Headed | undefined): void {
  (emitter as Bound)[CONTEXT] = context ?? null;
}

/** Is an emitter bound, be it to no context? */
export function isBound(emitter: object): boolean {
  return (emitter as Bound)[CONTEXT] !== undefined;
}
