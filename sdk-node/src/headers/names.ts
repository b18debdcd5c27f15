// names: the headers that follow a request, and those that never do. Lower-case, as Node keeps them.

/**
 * The trace context in the forms that meshes use: one set, filled together or not at all. B3,
 * W3C Trace Context, OpenTracing, OpenCensus (binary in gRPC), and those of the clouds and tracers
 * that Istio's own example forwards.
 */
export const TRACE_SET: readonly string[] = [
  'traceparent',
  'tracestate',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'x-ot-span-context',
  'grpc-trace-bin',
  'x-cloud-trace-context',
  'x-amzn-trace-id',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'sw8',
];

/** Filled in one by one, each where the caller has not set it. */
export const SINGLE: readonly string[] = ['x-request-id', 'baggage', 'x-traffic-tag'];

/**
 * Never forwarded, even where listed: credentials, what belongs to one connection or one message,
 * and what tells the next Envoy who called or how it is to retry.
 */
const NEVER = new Set([
  'authorization',
  'proxy-authorization',
  'proxy-authenticate',
  'www-authenticate',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-amz-security-token',
  'x-csrf-token',
  'x-xsrf-token',
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'range',
  'idempotency-key',
  'forwarded',
  'x-real-ip',
  'http2-settings',
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
  'grpc-status',
  'grpc-message',
]);
const NEVER_PREFIXES = [
  'x-forwarded-',
  'x-envoy-',
  'x-istio-',
  'sec-',
  'proxy-',
  'content-',
  'if-',
  'x-http-method',
  ':',
];

/** What a name that is caught by a prefix, not named in full, must not look like. */
const SECRET =
  /auth|cookie|token|secret|passw|pwd|api[-_]?key|[-_]key$|credential|session|jwt|signature|oidc|saml|csrf|xsrf|assertion|bearer/;

/** Must a header never be forwarded, whatever is asked? */
export function isNeverForwarded(name: string): boolean {
  return NEVER.has(name) || NEVER_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Does a name look as if its value were a secret? A prefix does not catch such a name. */
export function looksSecret(name: string): boolean {
  return SECRET.test(name);
}
