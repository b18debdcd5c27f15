// grpc: calls of @grpc/grpc-js clients carry the headers of the request that they are made for, as
// metadata. Decided when a call is created: its stream may be opened in another call's context.

import { currentHeaded, type Headed } from '../context/context.js';
import { filledMetadata, type Metadata } from '../context/metadata.js';
import { authorityOfTarget } from '../core/place.js';
import { exported, type Wanted } from './modules.js';

/** What is used of grpc-js. */
interface Call {
  start(metadata: Metadata, listener: unknown): void;
}

interface Channel {
  createCall(
    this: Channel,
    method: string,
    deadline: unknown,
    host: unknown,
    ...more: unknown[]
  ): Call;
  getTarget(): string;
  readonly internalChannel?: { readonly defaultAuthority?: unknown };
}

const patched = new WeakSet<object>();

export const GRPC: Wanted = {
  library: '@grpc/grpc-js',
  file: 'build/src/channel',
  patch(exports) {
    const channel = exported(exports, 'ChannelImplementation') as
      | { prototype?: Channel }
      | undefined;
    const prototype = channel?.prototype;
    if (typeof prototype?.createCall !== 'function') return false;
    if (patched.has(prototype)) return true;
    patched.add(prototype);
    const original = prototype.createCall;
    prototype.createCall = function createCall(method, deadline, host, ...more) {
      const call = original.call(this, method, deadline, host, ...more);
      const context = currentHeaded();
      if (context !== undefined) startWith(call, context, authorityOfCall(this, host));
      return call;
    };
    return true;
  },
};

function startWith(call: Call, context: Headed, authority: string): void {
  const { start } = call;
  call.start = function (this: Call, metadata, listener) {
    return start.call(this, filledMetadata(context, authority, metadata), listener);
  };
}

/** `host` of the call's options, the authority that the channel was given, or its target's. */
function authorityOfCall(channel: Channel, host: unknown): string {
  try {
    if (typeof host === 'string' && host !== '') return host;
    const own = channel.internalChannel?.defaultAuthority;
    if (typeof own === 'string') return own;
    return authorityOfTarget(channel.getTarget());
  } catch {
    return '';
  }
}
