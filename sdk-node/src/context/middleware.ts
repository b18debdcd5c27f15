// middleware: the context of a request for applications that do not start with `register`.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { bind, isBound, kindOfStream, makeBindable } from './bind.js';
import { extract, extractFrom, type Headed, run } from './context.js';

/** Of express, connect, Nest, and as a hook of fastify; the other form: koa and hono. */
export interface Middleware {
  (request: object, response: object, next: () => void): void;
  <T>(context: object, next: () => Promise<T>): Promise<T>;
}

/** What the frameworks hand over; each has some of it. */
interface Given {
  /** koa, hono */
  readonly req?: object;
  readonly res?: object;
  /** fastify, hono */
  readonly raw?: object;
  readonly stream?: object;
  readonly headers?: IncomingMessage['headers'] | Headers;
}

/**
 * Middleware that handles each request within the context of its headers: `app.use(middleware())`
 * in express, koa, hono and Nest, `app.addHook('onRequest', middleware())` in fastify. To be put
 * first. Does nothing where `register` did it already, and with TAGALONG=off.
 */
export function middleware(): Middleware {
  return ((first: Given, second: unknown, third?: () => void) => {
    const next = (third ?? second) as () => unknown;
    if (third !== undefined) return within(raw(first), raw(second as Given), next);
    return within(raw(first.req), first.res === undefined ? undefined : raw(first.res), next);
  }) as Middleware;
}

function raw(given: Given | undefined): Given | undefined {
  return (given?.raw as Given | undefined) ?? given;
}

function within<T>(request: Given | undefined, response: Given | undefined, next: () => T): T {
  const headers = request?.headers;
  if (request === undefined || headers === undefined) return next();
  if (isBound(request.stream ?? request)) return next();
  const context = (
    typeof headers.entries === 'function'
      ? extract(headers as Headers)
      : extractFrom(headers as IncomingMessage['headers'])
  ) as Headed | undefined;
  if (context === undefined) return next();
  follow(request, context);
  if (response !== undefined) follow(response, context);
  return run(context, next);
}

// The body's events come from the message in HTTP/1, from the stream in HTTP/2.
function follow(message: Given, context: Headed): void {
  const emitter = message.stream ?? message;
  if (typeof (emitter as IncomingMessage).emit !== 'function') return;
  makeBindable(kindOf(emitter));
  bind(emitter, context);
}

/** What to make bindable: the prototype where it is of Node's own, else the emitter alone. */
function kindOf(emitter: object): object {
  const { IncomingMessage: Request, ServerResponse: Response } =
    process.getBuiltinModule('node:http');
  if (emitter instanceof Request) return Request.prototype;
  if (emitter instanceof Response) return (Response as typeof ServerResponse).prototype;
  return kindOfStream(emitter);
}
