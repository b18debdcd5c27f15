// captured: calls in a network of their own, whose connections are all redirected to port 15001 but
// for those to EXCLUDED, while the sidecar there is ready and when it is gone. Tells, as one JSON
// object, what came of each.

import { once } from 'node:events';
import http from 'node:http';
import grpc from '@grpc/grpc-js';
import { createFetch, sidecar } from '@tagalong/node';
import { channelOptions } from '@tagalong/node/grpc';
import { Agent } from '@tagalong/node/http';
import { interceptor } from '@tagalong/node/undici';
import undici from 'undici';

const [address, captured, excluded] = process.argv.slice(2);
const retry = { baseMs: 1, capMs: 5, budget: { floorPerSecond: 1000 } };
const serve = async (port, host, text) => {
  const server = http.createServer((_, response) => response.end(text)).listen(Number(port), host);
  await once(server, 'listening');
  return () => {
    server.closeAllConnections();
    server.close();
  };
};
await serve(captured, address, 'direct');
await serve(excluded, address, 'direct');
const bytes = (value) => value;
const stops = [
  await serve(15001, '127.0.0.1', 'sidecar'),
  await serve(15021, '127.0.0.1', 'ready'),
];

const routesTo = (port) => ({
  'a.test': [{ via: 'direct', address: `${address}:${port}`, plaintext: true }],
});
const told = ({ code, message, sent }) => ({ code, message, sent });
const clients = {
  fetch: async (routes) => (await createFetch({ routes, retry })('http://a.test/')).text(),
  request: async (routes) => {
    const dispatcher = new undici.Agent().compose(interceptor({ routes, retry }));
    const { body } = await undici.request('http://a.test/', { dispatcher });
    return body.text();
  },
  agent: (routes) =>
    new Promise((resolve, reject) => {
      const agent = new Agent({ routes });
      http
        .get({ host: 'a.test', agent }, (response) => {
          let all = '';
          response.on('data', (chunk) => {
            all += chunk;
          });
          response.on('end', () => resolve(all));
        })
        .on('error', reject);
    }),
};
async function all(port) {
  const results = {};
  for (const [name, call] of Object.entries(clients)) {
    results[name] = await call(routesTo(port)).catch(told);
  }
  return results;
}
const insecure = grpc.credentials.createInsecure();
function overGrpc(port) {
  const options = channelOptions('a.test', insecure, { routes: routesTo(port), retry });
  const client = new grpc.Client('a.test', insecure, options);
  return new Promise((resolve) => {
    client.makeUnaryRequest('/t.T/Call', bytes, bytes, Buffer.from('b'), (error) => {
      client.close();
      resolve(told(error.cause ?? error));
    });
  });
}

await sidecar.wait();
const results = { ready: { captured: await all(captured), excluded: await all(excluded) } };
for (const stop of stops) stop();
// Whatever is refused has the sidecar asked again.
const untilMs = performance.now() + 20_000;
while (sidecar.state !== 'dead' && performance.now() < untilMs) {
  await clients.fetch({ 'a.test': [{ via: 'sidecar' }] }).catch(() => {});
  await createFetch({ retry: false })(`http://${address}:${captured}/`).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 20));
}
results.state = sidecar.state;
results.dead = { captured: await all(captured), excluded: await all(excluded) };
results.dead.captured.grpc = await overGrpc(captured);
process.stdout.write(JSON.stringify(results), () => process.exit());
