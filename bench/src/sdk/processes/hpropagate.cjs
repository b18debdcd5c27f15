// hpropagate: as its users start it, for the headers that are measured.

require('hpropagate')({
  setAndPropagateCorrelationId: false,
  headersToPropagate: [
    'x-request-id',
    'traceparent',
    'x-b3-traceid',
    'x-b3-spanid',
    'x-b3-parentspanid',
    'x-b3-sampled',
    'x-traffic-tag',
  ],
});
