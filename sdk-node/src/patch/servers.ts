// servers: each request that a node:http, https or http2 server emits is handled within the context
// of its headers. One patch: all servers inherit the `emit` of net.Server.
// Promise: no request runs in the context of another, be it on the same connection or around it.

import { bind, CONTEXT, emitBehind, kindOfStream, makeBindable } from '../context/bind.js';
import { currentHeaded, extractFrom, type Headed, run } from '../context/context.js';

type Emit = ReturnType<typeof emitBehind>['emit'];
type Emitting = ThisParameterType<Emit>;
type Incoming = Parameters<typeof extractFrom>[0];

export function installServers(): void {
  const net = process.getBuiltinModule('node:net');
  const tls = process.getBuiltinModule('node:tls');
  const http = process.getBuiltinModule('node:http');
  const https = process.getBuiltinModule('node:https');
  makeBindable(http.IncomingMessage.prototype, http.ServerResponse.prototype);
  patchEmit(net.Server.prototype);
  // Those that somebody has given an `emit` of their own, which does not come by that of net.Server.
  for (const { prototype } of [tls.Server, http.Server, https.Server]) {
    if (Object.hasOwn(prototype, 'emit')) patchEmit(prototype);
  }
}

function patchEmit(prototype: object): void {
  const behind = emitBehind(prototype);
  const emit: Emit = function emit(event, ...args) {
    const original = behind.emit;
    switch (event) {
      case 'request':
      case 'checkContinue':
      case 'checkExpectation':
        // In HTTP/2 these come from within 'stream'.
        if ((args[0] as { httpVersionMajor?: number })?.httpVersionMajor === 2) break;
        return handle(this, original, event, args, args[0], args[1]);
      case 'upgrade':
      case 'connect':
        return handle(this, original, event, args, args[0], undefined);
      case 'stream':
        return handleStream(this, original, args);
    }
    return original.call(this, event, ...args);
  };
  (prototype as Emitting).emit = emit;
}

function handle(
  server: Emitting,
  original: Emit,
  event: string | symbol,
  args: unknown[],
  request: unknown,
  response: unknown,
): boolean {
  let context: Headed | undefined;
  try {
    const { headers, [CONTEXT]: bound } = (request ?? {}) as Partial<Emitting> & {
      headers?: Incoming;
    };
    if (bound !== undefined) {
      // Emitted again, on this server or on another: what was made for it is not made anew.
      context = bound ?? undefined;
    } else if (headers === undefined) {
      // Some other server's event of the same name.
      context = currentHeaded();
    } else {
      context = extractFrom(headers);
      bind(request as object, context);
    }
    if (response !== undefined && headers !== undefined) bind(response as object, context);
  } catch {
    // Without a context, then: a request is worth more than its headers.
  }
  return enter(context, server, original, event, args);
}

/** The prototype of streams is not exported: it is met with the first stream. */
function handleStream(server: Emitting, original: Emit, args: unknown[]): boolean {
  let context: Headed | undefined;
  try {
    const [stream, headers] = args as [object, Incoming | undefined];
    if (headers?.[':method'] === undefined) {
      // Some other server's event of the same name.
      context = currentHeaded();
    } else {
      context = extractFrom(headers);
      makeBindable(kindOfStream(stream));
      bind(stream, context);
    }
  } catch {
    // As above.
  }
  return enter(context, server, original, 'stream', args);
}

// A server that was started within a request, and the next request on a connection, may find that
// request's context current.
function enter(
  context: Headed | undefined,
  server: Emitting,
  original: Emit,
  event: string | symbol,
  args: unknown[],
): boolean {
  if (currentHeaded() === context) return original.call(server, event, ...args);
  return run(context, () => original.call(server, event, ...args));
}
