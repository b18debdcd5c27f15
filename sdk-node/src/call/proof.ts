// proof: what the end of a try says about whether its request was sent. Pure.
// In doubt it may have been: a reset proves nothing, nor does a stale connection that was used
// again (of POSTs that failed so, 28 to 73 in 91 had been processed).

/**
 * `unsent`: no byte of the request has reached who would act on it. `maybe`: it may have been acted
 * upon. `caller`: the request itself is at fault, and was not made.
 */
export type Proof = 'unsent' | 'maybe' | 'caller';

/** Errors of a connection that was never established, marked by who tried it. */
const never = new WeakSet<object>();

/** Marks an error: it came before the connection, or its TLS, was established. */
export function neverEstablished<T extends object>(error: T): T {
  never.add(error);
  return error;
}

/** System calls that come before any byte can be written. */
const BEFORE = new Set(['connect', 'getaddrinfo', 'queryA', 'queryAaaa']);

/** undici's errors about a request that it did not take. */
const CALLERS = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_INVALID_URL',
  'ERR_INVALID_CHAR',
  'ERR_HTTP_INVALID_HEADER_VALUE',
]);

/** Errors in errors that are looked at; what a hostile chain has beyond is not. */
const DEPTH_MAX = 10;

interface Told {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** What an error proves; looks into `cause`, and for all of `AggregateError.errors`. */
export function proofOf(error: unknown, depth = 0): Proof {
  if (depth > DEPTH_MAX || typeof error !== 'object' || error === null) return 'maybe';
  if (never.has(error)) return 'unsent';
  const { code, syscall, message, cause, errors } = error as Told;
  if (typeof code === 'string' && CALLERS.has(code)) return 'caller';
  if (typeof syscall === 'string' && BEFORE.has(syscall)) return 'unsent';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'unsent';
  // Also what nghttp2 makes of a GOAWAY for the streams above its last stream id.
  if (code === 'ERR_HTTP2_STREAM_ERROR' && String(message).endsWith('NGHTTP2_REFUSED_STREAM')) {
    return 'unsent';
  }
  if (Array.isArray(errors) && errors.length > 0) {
    return errors.every((one) => proofOf(one, depth + 1) === 'unsent') ? 'unsent' : 'maybe';
  }
  return cause === undefined ? 'maybe' : proofOf(cause, depth + 1);
}

/** The code of an error, or of what it wraps; for messages. */
export function codeOf(error: unknown, depth = 0): string {
  if (depth > DEPTH_MAX || typeof error !== 'object' || error === null) return 'unknown';
  const { code, cause, errors } = error as Told;
  if (typeof code === 'string') return code;
  if (cause !== undefined) return codeOf(cause, depth + 1);
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0], depth + 1);
  return (error as Error).name ?? 'unknown';
}

/** Errors of certificates: the next try ends alike. */
export function isPermanent(error: unknown): boolean {
  return /^(ERR_TLS_|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_SSL_)/.test(codeOf(error));
}

/** What an answer tells beside its status. */
export interface Reply {
  readonly status: number;
  /** By name in lower case. */
  header(name: string): string | undefined;
}

export type Answer =
  /** A local reply of the sidecar; its text decides, see `isUnsentText`. */
  | { readonly kind: 'local' }
  /** The sidecar has tried so many times. */
  | { readonly kind: 'retried'; readonly times: number }
  /** Load is being shed: no repetition. */
  | { readonly kind: 'overloaded' }
  | { readonly kind: 'answered' };

/** Who an answer is from, by its headers; `throughEnvoy`: the first to answer is an Envoy of ours. */
export function answerOf({ header, status }: Reply, throughEnvoy: boolean): Answer {
  if (header('x-envoy-overloaded') !== undefined) return { kind: 'overloaded' };
  if (!throughEnvoy) return { kind: 'answered' };
  const times = Number(header('x-envoy-attempt-count') ?? Number.NaN);
  if (times > 1) return { kind: 'retried', times };
  // Without the service time no upstream has answered; an application cannot take it away, but an
  // Envoy that suppresses its headers does, and keeps the count: the type, which frameworks write
  // otherwise, is left to tell then. Of gRPC the status is 200 and the type its own.
  const local =
    times === 1 &&
    header('server') === 'envoy' &&
    header('x-envoy-upstream-service-time') === undefined &&
    (status === 200 || (status === 503 && header('content-type') === 'text/plain'));
  return { kind: local ? 'local' : 'answered' };
}

/**
 * Does the text of a local reply, of which the headers said attempt 1, prove that nothing was sent?
 * UF and UH do; UC, UO, UT and an empty one (NC) do not.
 */
export function isUnsentText(text: string): boolean {
  return (
    text === 'no healthy upstream' ||
    /^upstream connect error or disconnect\/reset before headers\. reset reason: ((remote|local) )?connection (failure|timeout)(,|$)/.test(
      text,
    )
  );
}

/** ms until a repetition is welcome, as in Retry-After: seconds, or a date. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
