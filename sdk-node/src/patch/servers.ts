// servers: each request that a node:http, https or http2 server emits is handled within the context
// of its headers. One patch: all servers inherit the `emit` of net.Server.
// Promise: no request runs in the context of another, be it on the same connection or around it.

import { bind, makeBindable } from '../context/bind.js';
import { currentHeaded, extractFrom, type Headed, run } from '../context/context.js';

interface Emitting {
  emit(event: string | symbol, ...args: unknown[]): boolean;
}

type Incoming = Parameters<typeof extractFrom>[0];

export function installServers(): void {
  const net = process.getBuiltinModule('node:net');
  const http = process.getBuiltinModule('node:http');
  makeBindable(http.IncomingMessage.prototype, http.ServerResponse.prototype);
  const prototype = net.Server.prototype as Emitting;
  const original = prototype.emit;
  prototype.emit = function emit(this: Emitting, event, ...args) {
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
}

function handle(
  server: Emitting,
  original: Emitting['emit'],
  event: string,
  args: unknown[],
  request: unknown,
  response: unknown,
): boolean {
  let context: Headed | undefined;
  try {
    const { headers } = request as { headers?: Incoming };
    // Some other server's event of the same name.
    if (headers === undefined) return original.call(server, event, ...args);
    context = extractFrom(headers);
    bind(request as object, context);
    if (response !== undefined) bind(response as object, context);
  } catch {
    // Without a context, then: a request is worth more than its headers.
  }
  return enter(context, server, original, event, args);
}

/** The prototype of streams is not exported: it is met with the first stream. */
function handleStream(server: Emitting, original: Emitting['emit'], args: unknown[]): boolean {
  let context: Headed | undefined;
  try {
    const [stream, headers] = args as [object, Incoming];
    context = extractFrom(headers);
    makeBindable(Object.getPrototypeOf(stream));
    bind(stream, context);
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
  original: Emitting['emit'],
  event: string,
  args: unknown[],
): boolean {
  if (currentHeaded() === context) return original.call(server, event, ...args);
  return run(context, () => original.call(server, event, ...args));
}
