// stream: one request through one plugin, as Envoy's filter chain hands it over.
// Promise: a host call sees the headers of the phase it runs in; a local reply goes through the
// response callback like any response, a reply given while the response is on its way does not; a
// VM that failed is answered by the failure policy.

import { Context, type LocalReplyRequest } from './context.js';
import { HeaderMap, type HeaderPairs } from './header-map.js';
import { HOST_CALLS } from './imports.js';
import type { StreamProperties } from './properties.js';
import { type Asker, askerOf, type LocalReply, localReply } from './reply.js';
import { Action, type Status, StreamType } from './status.js';
import type { Vm } from './vm.js';

export interface Outcome {
  readonly action: 'continue' | 'pause';
  /** The headers as they go on. */
  readonly headers: HeaderMap;
  /** What the client gets instead. Absent beside a pause: it waits. */
  readonly reply?: LocalReply;
  /**
   * The filter did not run, or not to its end. `open`: the request passes without it; `closed`: it
   * is answered, 503 after a failure, 500 where no configuration was ever accepted.
   */
  readonly failed?: 'open' | 'closed';
  /** The guest closed the stream: the client's connection ends without an answer. */
  readonly reset?: true;
}

/** Who serves a stream: a root in a VM, or one of two ways to be without. */
export type Server = { readonly vm: Vm; readonly root: Context } | 'pass' | LocalReplyRequest;

/** What a failed VM answers; gRPC requests get UNAVAILABLE. */
export const FAILED: LocalReplyRequest = {
  status: 503,
  details: 'wasm_fail_stream',
  body: '',
  headers: [],
  grpcStatus: 14,
};

/** Envoy knows no action of this number and lets it pass; every other one stops. */
const CONTINUE_TOO = 2;

const NO_ASKER: Asker = { grpc: false, head: false };

class StreamContext extends Context {
  routeCleared = 0;
  reply: LocalReplyRequest | undefined = undefined;
  resumed = false;
  closed = false;

  override clearRouteCache(): void {
    this.routeCleared += 1;
  }

  override sendLocalReply(reply: LocalReplyRequest): void {
    this.reply ??= reply;
  }

  override continueStream(type: number): Status {
    if (type === StreamType.Request) this.resumed = true;
    return super.continueStream(type);
  }

  override closeStream(type: number): void {
    if (type === StreamType.Request || type === StreamType.Response) this.closed = true;
  }

  takeReply(): LocalReplyRequest | undefined {
    const { reply } = this;
    this.reply = undefined;
    return reply;
  }
}

export class Stream {
  readonly #vm: Vm | undefined;
  readonly #context: StreamContext;
  /** The answer of a stream that nobody serves. */
  readonly #refusal: LocalReplyRequest | undefined;
  #asker = NO_ASKER;
  #paused: HeaderMap | undefined;
  #failureSent = false;
  #over = false;

  /** @internal Made by Plugin.open(). */
  constructor(server: Server, properties: StreamProperties) {
    if (server === 'pass' || 'status' in server) {
      this.#context = new StreamContext(0, undefined);
      this.#refusal = server === 'pass' ? undefined : server;
      return;
    }
    const { vm, root } = server;
    this.#vm = vm;
    this.#context = vm.add(new StreamContext(vm.takeId(), root.plugin, root));
    this.#context.properties = properties;
    this.#context.counts = [];
    vm.roots.hold(root);
  }

  /** The context id that the guest sees; 0 where there is no guest. */
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
    const vm = this.#vm;
    this.#asker = askerOf(map);
    if (vm === undefined) return this.#unserved(map);
    context.loggedRequest = map;
    vm.create(context, context.root.id);
    context.requestHeaders = map;
    const action = this.#call(vm, 'proxy_on_request_headers', map, endOfStream);
    return this.#settle(vm, action, map);
  }

  /**
   * What has become of a request that was paused: undefined while it still waits, else the outcome,
   * because another callback (a tick) has since continued, answered or closed it.
   */
  later(): Outcome | undefined {
    const map = this.#paused;
    const { resumed, reply, closed } = this.#context;
    if (map === undefined || this.#vm === undefined) return undefined;
    if (!resumed && !closed && reply === undefined) return undefined;
    return this.#settle(this.#vm, 'pause', map);
  }

  responseHeaders(headers: HeaderMap | HeaderPairs, endOfStream = true): Outcome {
    const map = headers instanceof HeaderMap ? headers : HeaderMap.fromResponse(headers);
    const context = this.#context;
    const vm = this.#vm;
    // Envoy asks nobody about a response whose request the filter has not seen.
    if (vm === undefined || !context.created || this.#failureSent) {
      return { action: 'continue', headers: map };
    }
    const action = this.#respond(vm, map, endOfStream);
    if (vm.failure !== undefined) return this.#fail(map);
    if (context.closed) return { action: 'pause', headers: map, reset: true };
    const asked = context.takeReply();
    if (asked !== undefined) {
      const reply = localReply(this.#asker, asked);
      context.loggedResponse = reply.headers;
      return { action: 'pause', headers: map, reply };
    }
    return { action, headers: map };
  }

  /** The stream has ended: log, done and delete callbacks, where the guest has them. */
  done(): void {
    const vm = this.#vm;
    if (this.#over || vm === undefined) return;
    this.#over = true;
    const context = this.#context;
    vm.create(context, context.root.id);
    context.logging = true;
    this.#end(vm, 'proxy_on_log');
    context.logging = false;
    this.#end(vm, 'proxy_on_done');
    this.#end(vm, 'proxy_on_delete');
    vm.remove(context);
    vm.roots.release(context.root);
  }

  #end(vm: Vm, callback: string): void {
    if (vm.failure === undefined) vm.call(this.#context, callback, this.#context.id);
  }

  /** Calls the guest, unless its VM has failed by now. */
  #call(vm: Vm, callback: string, map: HeaderMap, endOfStream: boolean): 'continue' | 'pause' {
    if (vm.failure !== undefined) return 'pause';
    const { id } = this.#context;
    if (!vm.has(callback)) return 'continue';
    const answer = vm.call(this.#context, callback, id, map.size, endOfStream ? 1 : 0);
    const pass = answer === Action.Continue || answer === CONTINUE_TOO;
    return pass && !vm.stopped ? 'continue' : 'pause';
  }

  /** What comes of the request callback, once what it asked for is known. */
  #settle(vm: Vm, action: 'continue' | 'pause', map: HeaderMap): Outcome {
    const context = this.#context;
    this.#paused = undefined;
    if (vm.failure !== undefined) return this.#fail(map);
    if (context.closed) return { action: 'pause', headers: map, reset: true };
    const asked = context.takeReply();
    if (asked !== undefined) return this.#reply(map, asked);
    if (action === 'pause' && !context.resumed) {
      this.#paused = map;
      return { action, headers: map };
    }
    // A stream that goes on has no request headers to show any more.
    context.requestHeaders = undefined;
    return { action: 'continue', headers: map };
  }

  /** Runs the filter's response callback over its own reply. */
  #reply(map: HeaderMap, asked: LocalReplyRequest): Outcome {
    const built = localReply(this.#asker, asked);
    const { headers } = built;
    const outcome = this.responseHeaders(headers, built.body === '');
    if (outcome.action === 'pause') return { ...outcome, headers: map };
    const status = Number(headers.get(':status'));
    return { action: 'pause', headers: map, reply: { ...built, status } };
  }

  #respond(vm: Vm, map: HeaderMap, endOfStream: boolean): 'continue' | 'pause' {
    const context = this.#context;
    context.loggedResponse = map;
    context.responseHeaders = map;
    const action = this.#call(vm, 'proxy_on_response_headers', map, endOfStream);
    if (action === 'continue') context.responseHeaders = undefined;
    return action;
  }

  /** The stream on which a VM fails, or that finds it failed, is answered: FAIL_OPEN comes later. */
  #fail(map: HeaderMap): Outcome {
    this.#failureSent = true;
    const reply = localReply(this.#asker, FAILED);
    return { action: 'pause', headers: map, reply, failed: 'closed' };
  }

  #unserved(map: HeaderMap): Outcome {
    if (this.#refusal === undefined) return { action: 'continue', headers: map, failed: 'open' };
    const reply = localReply(this.#asker, this.#refusal);
    return { action: 'pause', headers: map, reply, failed: 'closed' };
  }
}
