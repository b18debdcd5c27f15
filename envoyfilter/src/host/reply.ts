// reply: a local reply as Envoy writes it, before the filters of the response see it.
// Pure. The order of headers is Envoy's: status, the guest's own, then what Envoy adds; `date` and
// `server` come later, behind the filters.

import type { LocalReplyRequest } from './context.js';
import { HeaderMap } from './header-map.js';

/** An answer that the filter, or its failure, gave instead of the upstream. */
export interface LocalReply {
  readonly status: number;
  /** Latin-1 text; what a HEAD or gRPC request gets is empty. */
  readonly body: string;
  /** As they leave, after the filter's own response callback. */
  readonly headers: HeaderMap;
  /** Undefined for a request that is not gRPC. */
  readonly grpcStatus: number | undefined;
  /** Without white space, as in the access log. */
  readonly details: string;
}

/** What of a request decides the form of a reply. Read when it arrives: filters cannot change it. */
export interface Asker {
  readonly grpc: boolean;
  readonly head: boolean;
}

const GRPC = 'application/grpc';

export function askerOf(request: HeaderMap): Asker {
  const type = request.get('content-type');
  // application/grpc-web and application/grpc;x are something else.
  const grpc = type === GRPC || type?.startsWith(`${GRPC}+`) === true;
  return { grpc: grpc && request.has(':path'), head: request.get(':method') === 'HEAD' };
}

/** gRPC status that Envoy derives from an HTTP status (429 is UNAVAILABLE, not exhausted). */
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

export function localReply(asker: Asker, asked: LocalReplyRequest): LocalReply {
  const { details } = asked;
  const headers = new HeaderMap('response', [[':status', String(asked.status)]]);
  for (const [name, value] of asked.headers) headers.add(name, value);
  headers.put(':status', String(asker.grpc ? 200 : asked.status));
  if (asker.grpc) {
    headers.put('content-type', GRPC);
    if ((headers.get('grpc-status') ?? '') === '') {
      const status = asked.grpcStatus ?? GRPC_OF_HTTP[asked.status] ?? GRPC_UNKNOWN;
      headers.put('grpc-status', String(status));
    }
    if (asked.body !== '') headers.put('grpc-message', percentEncoded(asked.body));
    headers.remove('content-length');
    const grpcStatus = Number(headers.get('grpc-status'));
    return { status: 200, body: '', headers, grpcStatus, details };
  }
  if (asked.body === '') {
    headers.remove('content-length');
    headers.remove('content-type');
  } else {
    headers.put('content-length', String(asked.body.length));
    if (!headers.has('content-type')) headers.put('content-type', 'text/plain');
  }
  const body = asker.head ? '' : asked.body;
  return { status: asked.status, body, headers, grpcStatus: undefined, details };
}

/** Envoy's own: all but printable ASCII, and `%` and `~` too. */
function percentEncoded(text: string): string {
  return text.replace(/[^ -$&-}]/g, (char) => {
    const code = char.charCodeAt(0);
    return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
