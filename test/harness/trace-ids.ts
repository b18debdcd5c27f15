// trace-ids: the ids that tests of propagation speak of, and a trace in each of its spellings.

import type { Headers } from './sidecar.js';

/** Character index 14 is the 4 in front of f7a. */
export const ID = '5e0a3c2e-7b1d-4f7a-9c58-0123456789ab';
export const OTHER_ID = '11111111-2222-4333-8444-555555555555';
export const TRACE = '80f198ee56343ba864fe8b2a57d3eff7';
export const OTHER_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
export const NARROW = '64fe8b2a57d3eff7';
export const SPAN = 'e457b5a2e4d86bd1';
export const OWN_SPAN = '00f067aa0ba902b7';
export const PARENT = '05e3ac9a4f6e3b90';
export const TAG = 'x-traffic-tag';

export const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;
export const B3 = `${TRACE}-${SPAN}-1`;
/** What a trace is in several headers. */
export const multi = (
  trace = TRACE,
  span = SPAN,
  more: Headers = { 'x-b3-sampled': '1' },
): Headers => ({
  'x-b3-traceid': trace,
  'x-b3-spanid': span,
  ...more,
});
