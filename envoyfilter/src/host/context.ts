// context: what a host call may touch, for the VM itself, a root (plugin) or a stream.
// A host call acts on the context whose callback runs, or on the one named by
// proxy_set_effective_context; which maps that context has at the moment decides the status.
// Ids are unique within a VM: 0 is the VM's own, roots and streams share one sequence.

import type { HeaderMap } from './header-map.js';
import type { StreamProperties } from './properties.js';
import { MapType, Status, StreamType } from './status.js';

/** Who a root context belongs to. */
export interface PluginIdentity {
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  /** What Envoy hashes into its plugin key: equal keys in one VM share a root context. */
  readonly key: string;
  readonly configuration: Uint8Array;
}

export class Context {
  readonly id: number;
  readonly root: Context;
  readonly plugin: PluginIdentity | undefined;
  /** Whether proxy_on_context_create has run, or would have. */
  created = false;
  /** Readable as PluginConfiguration; set only while the guest is configured. */
  configuration: Uint8Array | undefined = undefined;
  requestHeaders: HeaderMap | undefined = undefined;
  responseHeaders: HeaderMap | undefined = undefined;
  /** Set while proxy_on_log runs: reads then see the headers as they were at the end. */
  logging = false;
  loggedRequest: HeaderMap | undefined = undefined;
  loggedResponse: HeaderMap | undefined = undefined;
  properties: StreamProperties | undefined = undefined;
  /** What the last buffer call showed, which is what CallData shows. */
  buffer: Uint8Array = NO_BYTES;
  /** Host calls by call number; undefined where nobody counts. */
  counts: number[] | undefined = undefined;

  constructor(id: number, plugin: PluginIdentity | undefined, root?: Context) {
    this.id = id;
    this.plugin = plugin;
    this.root = root ?? this;
  }

  /** The map for reading, which differs from `writable` while logging. */
  readable(type: number): HeaderMap | undefined {
    if (!this.logging) return this.writable(type);
    if (type === MapType.RequestHeaders) return this.loggedRequest;
    return type === MapType.ResponseHeaders ? this.loggedResponse : undefined;
  }

  writable(type: number): HeaderMap | undefined {
    if (type === MapType.RequestHeaders) return this.requestHeaders;
    return type === MapType.ResponseHeaders ? this.responseHeaders : undefined;
  }

  /** Makes Envoy choose the route anew: after each write to the request headers, and on demand. */
  clearRouteCache(): void {}

  /** Only a stream has anybody to reply to; on other contexts the call is accepted all the same. */
  sendLocalReply(_reply: LocalReplyRequest): void {}

  /** proxy_continue_stream. The request's headers are out of reach from then on. */
  continueStream(type: number): Status {
    if (type === StreamType.Upstream) return Status.Unimplemented;
    if (type === StreamType.Downstream) return Status.Ok;
    this.requestHeaders = undefined;
    return Status.Ok;
  }

  /** proxy_close_stream. */
  closeStream(_type: number): void {}
}

const NO_BYTES = new Uint8Array();

/** What the guest passed to proxy_send_local_response. */
export interface LocalReplyRequest {
  readonly status: number;
  readonly details: string;
  readonly body: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Undefined where the guest passed none (-1) or a number gRPC does not know. */
  readonly grpcStatus: number | undefined;
}
