// names: the headers that follow a request. Lower-case, as Node and Envoy keep them.

/** The trace context in the forms that meshes use; one set, filled together or not at all. */
export const TRACE_SET: readonly string[] = [
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'traceparent',
  'tracestate',
  'x-ot-span-context',
];

/** Filled in one by one, each where the caller has not set it. */
export const SINGLE: readonly string[] = ['x-request-id', 'baggage', 'x-traffic-tag'];
