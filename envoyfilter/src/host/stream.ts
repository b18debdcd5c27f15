// stream: one request through one plugin, as Envoy's filter chain hands it over.
// Promise: a host call sees the headers of the phase it runs in; a local reply goes through the
// response callback like any response; a VM that failed is answered by the failure policy.

import { Context, type LocalReplyRequest } from './context.js';
import { HeaderMap, type HeaderPairs } from './header-map.js';
import { HOST_CALLS } from './imports.js';
import type { StreamProperties } from './properties.js';
import { Action } from './status.js';
import type { Vm } from './vm.js';

/** An answer that the filter gave instead of the upstream. */
export interface LocalReply {
  readonly status: number;
  readonly body: string;
  /** As they leave, after the filter's own response callback. */
  readonly headers: HeaderMap;
  /** Undefined for a request that is not gRPC. */
  readonly grpcStatus: number | undefined;
  readonly details: string;
}

export interface Outcome {
  readonly action: 'continue' | 'pause';
  /** The headers as they go on. */
  readonly headers: HeaderMap;
  readonly reply?: LocalReply;
  /** The VM has failed: `open`, the request passes without the filter; `closed`, it is answered 503. */
  readonly failed?: 'open' | 'closed';
}

/** gRPC status that Envoy derives from an HTTP status (RESOURCE_EXHAUSTED for 429 is not among it). */
const GRPC_OF_HTTP: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const GRPC_UNKNOWN = 2;

class StreamContext extends Context {
  routeCleared = 0;
  replyRequest: LocalReplyRequest | undefined = undefined;

  override onRequestHeadersChanged(): void {
    this.routeCleared += 1;
  }

  override sendLocalReply(reply: LocalReplyRequest): void {
    this.replyRequest ??= reply;
  }
}

export class Stream {
  readonly #vm: Vm;
  readonly #context: StreamContext;
  readonly #failOpen: boolean;
  #closed = false;

  constructor(vm: Vm, root: Context, properties: StreamProperties, failOpen: boolean) {
    this.#vm = vm;
    this.#failOpen = failOpen;
    this.#context = vm.add(new StreamContext(vm.takeId(), root.plugin, root));
    this.#context.properties = properties;
    this.#context.counts = [];
    vm.create(this.#context, root.id);
  }

  /** The context id that the guest sees. */
  get id(): number {
    return this.#context.id;
  }

  /** Host calls of this stream so far, by name; those never made are not in it. */
  get calls(): ReadonlyMap<string, number> {
    const calls = new Map<string, number>();
    this.#context.counts?.forEach((count, index) => {
      calls.set(HOST_CALLS[index] ?? '', count);
    });
    return calls;
  }

  /** Writes to the request's headers; under ABI 0.2.1 each makes Envoy choose the route anew. */
  get routeCleared(): number {
    return this.#context.routeCleared;
  }

  requestHeaders(headers: HeaderMap | HeaderPairs, endOfStream = true): Outcome {
    const map = headers instanceof HeaderMap ? headers : HeaderMap.fromRequest(headers);
    const context = this.#context;
    context.requestHeaders = map;
    const action = this.#call('proxy_on_request_headers', map, endOfStream);
    if (context.replyRequest !== undefined) {
      const reply = this.#reply(map, context.replyRequest);
      context.requestHeaders = undefined;
      return { action: 'pause', headers: map, reply };
    }
    // A stream that goes on has no request headers to show any more (facts: BadArgument).
    if (action === 'continue') context.requestHeaders = undefined;
    return this.#outcome(action, map);
  }

  responseHeaders(headers: HeaderMap | HeaderPairs, endOfStream = true): Outcome {
    const map = headers instanceof HeaderMap ? headers : HeaderMap.fromResponse(headers);
    this.#context.responseHeaders = map;
    const action = this.#call('proxy_on_response_headers', map, endOfStream);
    this.#context.responseHeaders = undefined;
    return this.#outcome(action, map);
  }

  /** The stream has ended: log, done and delete callbacks, where the guest has them. */
  done(): void {
    if (this.#closed) return;
    this.#closed = true;
    const context = this.#context;
    context.logging = true;
    this.#vm.call(context, 'proxy_on_log', context.id);
    context.logging = false;
    this.#vm.call(context, 'proxy_on_done', context.id);
    this.#vm.call(context, 'proxy_on_delete', context.id);
    this.#vm.remove(context);
  }

  #call(callback: string, map: HeaderMap, endOfStream: boolean): 'continue' | 'pause' {
    const { id } = this.#context;
    const answer = this.#vm.call(this.#context, callback, id, map.size, endOfStream ? 1 : 0);
    return answer === undefined || answer === Action.Continue ? 'continue' : 'pause';
  }

  #outcome(action: 'continue' | 'pause', headers: HeaderMap): Outcome {
    if (this.#vm.failure === undefined) return { action, headers };
    if (this.#failOpen) return { action: 'continue', headers, failed: 'open' };
    return { action: 'pause', headers, failed: 'closed' };
  }

  /** Builds the reply as Envoy does, and runs the filter's response callback over it. */
  #reply(request: HeaderMap, asked: LocalReplyRequest): LocalReply {
    const grpc = request.get('content-type')?.startsWith('application/grpc') === true;
    const headers = new HeaderMap('response', [[':status', grpc ? '200' : String(asked.status)]]);
    let body = asked.body;
    let grpcStatus: number | undefined;
    if (grpc) {
      grpcStatus = asked.grpcStatus ?? GRPC_OF_HTTP[asked.status] ?? GRPC_UNKNOWN;
      headers.set('content-type', 'application/grpc');
      headers.set('grpc-status', String(grpcStatus));
      if (body !== '') headers.set('grpc-message', body);
    } else if (body !== '') {
      headers.set('content-length', String(body.length));
      headers.set('content-type', 'text/plain');
    }
    for (const [name, value] of asked.headers) {
      if (name === 'content-length') continue;
      if (name === 'content-type') headers.set(name, value);
      else headers.add(name, value);
    }
    if (grpc || request.get(':method') === 'HEAD') body = '';
    this.#context.responseHeaders = headers;
    this.#call('proxy_on_response_headers', headers, body === '');
    this.#context.responseHeaders = undefined;
    const status = Number(headers.get(':status'));
    return { status, body, headers, grpcStatus, details: asked.details };
  }
}
