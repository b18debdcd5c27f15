// connect: new connections wait in `net.Socket.prototype.connect`, which every client ends in.
// Callers see a connection that takes its time: `connecting` is true, writes are kept, aborts and
// timeouts come when they are due. Held are connections to addresses other than loopback, and to
// the proxy that is configured, wherever that is.
// Promise: what cannot be understood goes on as if nobody had looked.

import { type EventEmitter, errorMonitor } from 'node:events';
import { Socket, type SocketConnectOpts } from 'node:net';
import { isLoopback, joined, type Place, placeOfProxy } from '../core/place.js';
import { once } from '../core/state.js';
import { onConfigured, peekSettings } from '../options/settings.js';
import { type Held, wait } from '../sidecar/hold.js';
import { type Life, life } from '../sidecar/life.js';
import { passes } from '../sidecar/passing.js';

/** What `connect` was asked for. */
interface Wish {
  readonly options: { host?: unknown; port?: unknown; path?: unknown };
  readonly listener: (() => void) | undefined;
}

/** What `connect` uses of a socket beside its public face; the same on Node 20 to 26. */
interface Inner {
  _handle: { hasRef?(): boolean } | null;
  _parent?: { connecting: boolean } | null;
  connecting: boolean;
  _undestroy(): void;
  _unrefTimer(): void;
}

type Connect = (this: Socket, ...args: unknown[]) => Socket;

/** Patches `net.Socket.prototype.connect`, once a process, and starts to ask for the sidecar. */
export function installConnect(): void {
  once('connect', () => {
    const original = Socket.prototype.connect as Connect;
    Socket.prototype.connect = patched(original, life()) as typeof Socket.prototype.connect;
    return original;
  });
}

function patched(original: Connect, sidecar: Life): Connect {
  return function connect(this: Socket, ...args) {
    if (sidecar.state === 'none' || passes()) return Reflect.apply(original, this, args);
    let held = false;
    try {
      const wish = wishOf(args);
      const authority = wish && throughSidecar(wish.options);
      if (authority !== undefined) {
        notice(this);
        held = holdBack(this, original, wish!, authority);
      }
    } catch {
      // Not ours to tell: the original says what is wrong with these arguments.
    }
    return held ? this : Reflect.apply(original, this, args);
  };
}

/** The forms of arguments of `connect`: an options object, a path, a port with or without host. */
function wishOf(args: unknown[]): Wish | undefined {
  // net.connect passes on what it has read already, as a list.
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  const last = Array.isArray(args[0]) ? second : args.at(-1);
  const listener = typeof last === 'function' ? (last as () => void) : undefined;
  if (typeof first === 'object' && first !== null) return { options: first, listener };
  const port = portOf(first);
  if (port === undefined) {
    return typeof first === 'string' ? { options: { path: first }, listener } : undefined;
  }
  const options = typeof second === 'string' ? { port, host: second } : { port };
  return { options, listener };
}

function portOf(value: unknown): number | undefined {
  if (typeof value === 'string' ? value.trim() === '' : typeof value !== 'number') return undefined;
  const port = Number(value);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined;
}

/** The authority of a connection that goes through the sidecar; else undefined. */
function throughSidecar({ path, port: wanted, host: name }: Wish['options']): string | undefined {
  const proxy = proxyNow();
  if (path) return proxy && 'path' in proxy && path === proxy.path ? `unix:${path}` : undefined;
  const port = portOf(wanted);
  const host = name || 'localhost';
  if (port === undefined || typeof host !== 'string') return undefined;
  if (isLoopback(host)) {
    const isProxy = proxy && 'port' in proxy && port === proxy.port && isLoopback(proxy.host);
    if (!isProxy) return undefined;
  }
  return joined(host, port);
}

/** The proxy that is configured; read again when it may have changed. */
function proxyNow(): Place | undefined {
  const holder = once<{ proxy: Place | undefined | null }>('connect-proxy', () => {
    onConfigured(() => {
      holder.proxy = null;
    });
    return { proxy: null };
  });
  if (holder.proxy === null) {
    const { proxy } = peekSettings().sidecar;
    holder.proxy = proxy === undefined ? undefined : placeOfProxy(proxy);
  }
  return holder.proxy;
}

/** A plain `error` listener would swallow the error; a monitor does not count as one. */
function notice(socket: EventEmitter): void {
  // Of an earlier connection of the same socket.
  socket.off(errorMonitor, onError);
  socket.once(errorMonitor, onError);
}

function onError({ code }: NodeJS.ErrnoException): void {
  if (code === 'ECONNREFUSED') life().noticeRefused();
}

/** Sockets that wait, and how each is let go of. */
const waiting = new WeakMap<Socket, () => void>();

/**
 * Does of `connect` what a caller can see at once, and leaves the rest for later. False: nothing is
 * done, there is nothing to wait for.
 */
function holdBack(
  socket: Socket,
  original: Connect,
  { options, listener }: Wish,
  authority: string,
): boolean {
  const inner = socket as unknown as Inner;
  if (inner._parent?.connecting) return false;
  if (typeof inner._undestroy !== 'function' || typeof inner._unrefTimer !== 'function') {
    return false;
  }
  const held = wait(authority, () => {
    release();
    if (!socket.destroyed && socket.connecting) resume(socket, inner, original, asked);
  });
  if (held === undefined) return false;
  // The caller may use his object for another connection meanwhile.
  const asked = Object.assign(Object.create(Object.getPrototypeOf(options)), options);
  // A second connect takes the place of the first.
  waiting.get(socket)?.();
  if (listener !== undefined) socket.once('connect', listener);
  if (socket.destroyed) inner._handle = null;
  if (!inner._handle) inner._undestroy();
  inner._unrefTimer();
  inner.connecting = true;
  const release = shadow(socket, inner, held);
  return true;
}

/**
 * Until called off: a socket that is destroyed gives up, `ref` and `unref` hold for the wait, and a
 * reset comes after the connection, as while a handle connects.
 */
function shadow(socket: Socket, inner: Inner, held: Held): () => void {
  // `unref` before there is a handle waits for the connection; meanwhile it is to count as well.
  const { ref, unref } = socket;
  if (inner._handle?.hasRef?.() === false || socket.listeners('connect').includes(unref)) {
    held.unref();
  }
  const restore = [
    replace(socket, 'ref', () => {
      held.ref();
      return ref.call(socket);
    }),
    replace(socket, 'unref', () => {
      held.unref();
      return unref.call(socket);
    }),
    replace(socket, 'resetAndDestroy', () => {
      return socket.once('connect', () => socket.resetAndDestroy());
    }),
    ...(inner._handle ? [] : [closeAsHandlesDo(socket)]),
  ];
  const release = () => {
    for (const one of restore) one();
    socket.off('close', onClose);
    waiting.delete(socket);
  };
  const giveUp = () => {
    release();
    held.cancel();
  };
  const onClose = () => {
    // Of an earlier connection, whose socket is used again.
    if (!socket.destroyed && socket.connecting) return;
    giveUp();
  };
  socket.on('close', onClose);
  waiting.set(socket, giveUp);
  return release;
}

/**
 * A socket that has a handle says `close` a turn of the loop after it was destroyed; one that has
 * none, as it has while it waits, within the tick. There got's own timeout lost the race against
 * the error of the write that was cut off (Node 24 and 26).
 */
function closeAsHandlesDo(socket: Socket): () => void {
  const { emit } = socket;
  let waits = true;
  const restore = replace(socket, 'emit', (event: string, ...args: unknown[]) => {
    if (event !== 'close' || !waits) return Reflect.apply(emit, socket, [event, ...args]);
    setImmediate(() => Reflect.apply(emit, socket, ['close', ...args]));
    return socket.listenerCount('close') > 0;
  });
  return () => {
    waits = false;
    restore();
  };
}

// `connect` would do again what is done: forget an `end` that was called meanwhile, and start the
// caller's timeout anew.
function resume(socket: Socket, inner: Inner, original: Connect, options: Wish['options']): void {
  own(socket, '_undestroy', () => {});
  own(socket, '_unrefTimer', () => {});
  try {
    Reflect.apply(original, socket, [options as SocketConnectOpts]);
  } catch (error) {
    socket.destroy(error as Error);
  } finally {
    delete (inner as Partial<Inner>)._undestroy;
    delete (inner as Partial<Inner>)._unrefTimer;
  }
}

type Shadowed = 'ref' | 'unref' | 'resetAndDestroy' | 'emit';

/** Until called off; what the caller has put in our place meanwhile stays. */
function replace(socket: Socket, name: Shadowed, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(socket, name);
  own(socket, name, value);
  return () => {
    if (socket[name] !== value) return;
    if (before !== undefined) Object.defineProperty(socket, name, before);
    else delete (socket as Partial<Socket>)[name];
  };
}

function own(socket: Socket, name: string, value: unknown): void {
  Object.defineProperty(socket, name, { value, configurable: true, writable: true });
}
