// context: what a host call may touch, for the VM itself, a root (plugin) or a stream.
// A host call acts on the context whose callback runs, or on the one named by
// proxy_set_effective_context; which maps that context has at the moment decides the status.
// Ids are unique within a VM: 0 is the VM's own, roots and streams share one sequence.

import type { HeaderMap } from './header-map.js';
import type { StreamProperties } from './properties.js';
import { MapType } from './status.js';

/** Who a root context belongs to. */
export interface PluginIdentity {
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  /** Root id, configuration, name and direction: equal keys share a root context. */
  readonly key: string;
  readonly configuration: Uint8Array;
  readonly failOpen: boolean;
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
  /** Set while proxy_on_log runs: maps are then read-only and absent ones answer NotFound. */
  logging = false;
  properties: StreamProperties | undefined = undefined;
  /** Host calls by call number; undefined where nobody counts. */
  counts: number[] | undefined = undefined;

  constructor(id: number, plugin: PluginIdentity | undefined, root?: Context) {
    this.id = id;
    this.plugin = plugin;
    this.root = root ?? this;
  }

  get isStream(): boolean {
    return this.root !== this;
  }

  /** The map for reading, which differs from `writable` only while logging. */
  readable(type: number): HeaderMap | undefined {
    if (type === MapType.RequestHeaders) return this.requestHeaders;
    return type === MapType.ResponseHeaders ? this.responseHeaders : undefined;
  }

  writable(type: number): HeaderMap | undefined {
    return this.logging ? undefined : this.readable(type);
  }

  /** After each write to the request headers. */
  onRequestHeadersChanged(): void {}

  sendLocalReply(_reply: LocalReplyRequest): void {}

  /** Forgets the request, as Envoy does at proxy_continue_stream. */
  resume(): void {
    this.requestHeaders = undefined;
  }

  reset(): void {}
}

/** What the guest passed to proxy_send_local_response. */
export interface LocalReplyRequest {
  readonly status: number;
  readonly details: string;
  readonly body: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Undefined where the guest passed none (-1) or a number gRPC does not know. */
  readonly grpcStatus: number | undefined;
}
