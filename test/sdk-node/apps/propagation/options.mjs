// options: what TAGALONG_HEADERS, TAGALONG_MESH and `configure` change on the way of a request.

import dns from 'node:dns';
import http from 'node:http';
import { configure, extract, run } from '@tagalong/node';
import { ask, bodyOf, echo, listen, report } from './lib.mjs';

const warnings = [];
process.on('warning', ({ message }) => warnings.push(message));
dns.lookup = (_name, options, callback) => {
  const done = callback ?? options;
  if (options?.all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};
let made = 0;
if (process.argv[2] === 'make') {
  configure({
    headers: [
      { name: 'x-request-id', make: () => `made-${++made}` },
      {
        name: 'x-broken',
        make() {
          throw new Error('no');
        },
      },
    ],
  });
}
const echoPort = await listen(http.createServer(echo));
const get = (host) =>
  new Promise((resolve, reject) => {
    http
      .get(`http://${host}:${echoPort}/`, (response) => bodyOf(response).then(resolve, reject))
      .on('error', reject);
  });
const front = http.createServer(async (request, response) => {
  const both = await Promise.all([get(request.url.slice(1)), get(request.url.slice(1))]);
  response.end(JSON.stringify(both));
});
const port = await listen(front);
const of = (pairs) =>
  Object.fromEntries(pairs.filter(([name]) => /^(x-|traceparent|cookie|auth)/.test(name)));
/** What two calls to a host carried. */
const two = async (host, headers) =>
  (await ask(port, { path: `/${host}`, headers })).map((pairs) => of(pairs));

const incoming = {
  'x-tenant': 'acme',
  'x-foo-a': '1',
  'x-foo-auth-token': 'secret',
  'x-team': 'blue',
  'x-traffic-tag': 'canary',
  'x-other': 'stays',
  cookie: 'a=b',
};
report({
  inside: await two('reviews', incoming),
  added: await two('api.example.com', incoming),
  outside: await two('www.example.org', incoming),
  bare: await two('reviews', {}),
  given: await two('reviews', { 'x-request-id': 'mine' }),
  outsideRequests: of(await run(extract({}), () => get('reviews'))),
  warnings,
});
