// tracer: OpenTelemetry's instrumentation beside `register`: what a call carries is doubled nowhere,
// and the trace is OpenTelemetry's, as a set. Loads it, unless --require did.

require('../../../../bench/src/sdk/processes/otel.cjs');

const http = require('node:http');
const grpc = require('@grpc/grpc-js');
const undici = require('undici');
const { method, promised, serve } = require('./grpc-service.cjs');

const TRACE = '0af7651916cd43dd8448eb211c80319c';
/** Of OpenTelemetry's, of others', and what it does not know. */
const TRACED = {
  traceparent: `00-${TRACE}-b7ad6b7169203331-01`,
  tracestate: 'a=1',
  b3: '0',
  'x-ot-span-context': 'a;b;c',
};
const OTHERS = { 'x-request-id': 'r-1', 'x-traffic-tag': 't-1', baggage: 'k=1' };
const NAMES = [
  'sw8',
  ...Object.keys({ ...TRACED, ...OTHERS }),
  ...['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled'],
];

async function main() {
  const { ask, bodyOf, echo, listen, report } = await import('./lib.mjs');
  const url = `http://127.0.0.1:${await listen(http.createServer(echo))}/`;
  const pairsOf = (metadata) =>
    NAMES.flatMap((name) => metadata.get(name).map((value) => [name, value]));
  const { newClient } = await serve(
    grpc,
    { pairs: method('pairs') },
    { pairs: ({ metadata }, done) => done(null, pairsOf(metadata)) },
  );
  const client = newClient();
  const pool = new undici.Pool(url, { connections: 2 });
  const calls = {
    http: () =>
      new Promise((resolve, reject) => {
        http.get(url, (response) => bodyOf(response).then(resolve, reject)).on('error', reject);
      }),
    fetch: async () => (await fetch(url)).json(),
    undici: async () => (await undici.request(url)).body.json(),
    pool: async () => bodyOf((await pool.request({ path: '/', method: 'GET' })).body),
    grpc: () => promised((done) => client.pairs({}, done)),
  };
  const front = await listen(
    http.createServer((request, response) => {
      calls[request.url.slice(1)]().then(
        (pairs) => response.end(JSON.stringify(pairs)),
        (error) => response.end(JSON.stringify(error.stack)),
      );
    }),
  );

  const found = {};
  for (const name of Object.keys(calls)) {
    for (const [what, headers] of [
      ['with a trace', { ...TRACED, ...OTHERS }],
      ['without a trace', OTHERS],
      ['with a trace that OpenTelemetry does not know', { sw8: '1-abc', ...OTHERS }],
      ['nothing', {}],
    ]) {
      const pairs = await ask(front, { path: `/${name}`, headers });
      found[`${name}, ${what}`] = verdictOf(pairs, headers);
    }
  }
  report(found);
}

function verdictOf(pairs, sent) {
  if (!Array.isArray(pairs)) return `no headers: ${JSON.stringify(pairs)}`;
  const got = pairs.filter(([name]) => NAMES.includes(name));
  const want = Object.entries(sent).filter(([name]) => name in OTHERS || name === 'sw8');
  if (sent.traceparent !== undefined) {
    want.push(['traceparent', sent.traceparent], ['tracestate', sent.tracestate]);
    want.push(['x-b3-traceid', TRACE], ['x-b3-spanid', 'b7ad6b7169203331'], ['x-b3-sampled', '1']);
  }
  const [a, b] = [got, want].map((list) => JSON.stringify(list.sort()));
  return a === b ? 'right' : `${a}, want ${b}`;
}
main();
