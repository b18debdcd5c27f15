// adapters: without `register`: `middleware()`, `run` and `inject` in the frameworks.

import http from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import { current, extract, inject, run } from '@tagalong/node';
import { frameworks } from './frameworks.mjs';
import { ask, askH2, checks, echo, incoming, listen, report, verdict } from './lib.mjs';

const require = createRequire(import.meta.url);
const { middleware } = require('@tagalong/node/http');

const echoPort = await listen(http.createServer(echo));
const callOn = () => ask(echoPort, { headers: inject({}, `http://127.0.0.1:${echoPort}/`) });
const { found, check } = checks();
const answer = (response) => (pairs) => response.end(JSON.stringify(pairs));

for (const [name, call] of Object.entries(await frameworks(callOn, middleware()))) {
  await check(name, call);
}
{
  const use = middleware();
  const server = http2.createServer((request, response) =>
    use(request, response, () => {
      request.on('end', () => void callOn().then(answer(response)));
      request.resume();
    }),
  );
  const port = await listen(server);
  await check('http2 compat', (headers) => askH2(port, headers, 'x'));
}
{
  // With `register` in front, or twice, it does nothing more.
  const use = middleware();
  const seen = [];
  const server = http.createServer((request, response) =>
    use(request, response, () => {
      const first = current();
      use(request, response, () => {
        seen.push(first === current());
        void callOn().then(answer(response));
      });
    }),
  );
  const port = await listen(server);
  await check('middleware twice', (headers) => ask(port, { headers }));
  found['middleware twice: one context'] = seen.every(Boolean) ? 'right' : String(seen);
}
{
  const pairs = await run(extract(incoming(1)), callOn);
  found['run and inject'] = verdict(pairs, 1);
}
report(found);
