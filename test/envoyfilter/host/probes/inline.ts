// Which headers Envoy keeps inline: every header of our list, and others that one might think of.
// A guest adds each twice; two values joined by a comma tell an inline one.

import { inlineHeaders } from '../../../../envoyfilter/src/host/inline-headers.js';
import type { Probe } from '../probe.js';
import { Guest, load, word } from '../wat.js';

const OTHERS = [
  'accept-language',
  'b3',
  'baggage',
  'content-language',
  'cookie',
  'forwarded',
  'from',
  'grpc-encoding',
  'link',
  'priority',
  'proxy-authorization',
  'range',
  'retry-after',
  'set-cookie',
  'traceparent',
  'tracestate',
  'trailer',
  'warning',
  'www-authenticate',
  'x-b3-traceid',
  'x-cloud-trace-context',
  'x-envoy-original-dst-host',
  'x-ot-span-context',
  'x-ratelimit-limit',
  'x-traffic-tag',
];

function inline(name: string, callback: string, map: number): Probe {
  const g = new Guest(name);
  const names = [
    ...new Set([...inlineHeaders.request, ...inlineHeaders.response, ...OTHERS]),
  ].sort();
  const each = names.map(
    (header) =>
      `(drop ${g.call('remove_header_map_value', map, g.text(header))})
       (drop ${g.call('add_header_map_value', map, g.text(header), g.text('a'))})
       (drop ${g.call('add_header_map_value', map, g.text(header), g.text('b'))})
       ${g.header(header, map, header)}
       (drop ${g.call('remove_header_map_value', map, g.text(header))})`,
  );
  g.on(
    callback,
    `(drop ${g.call('get_header_map_pairs', map, word(4), word(5))})
     ${each.join('')}
     (drop ${g.call('set_header_map_pairs', map, load(word(4)), load(word(5)))})`,
  );
  return { guest: g };
}

export const inlineProbes: readonly Probe[] = [
  inline('inline-request', 'proxy_on_request_headers', 0),
  inline('inline-response', 'proxy_on_response_headers', 2),
];
