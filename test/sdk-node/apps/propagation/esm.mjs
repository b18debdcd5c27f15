// esm: an ES module application; imports static, by name, and dynamic.
import { createServer, get } from 'node:http';
import { request as undiciRequest } from 'undici';
import { ask, bodyOf, echo, incoming, listen, report, verdict } from './lib.mjs';

const url = `http://127.0.0.1:${await listen(createServer(echo))}/`;
const clients = {
  'get by name': () =>
    new Promise((resolve, reject) => {
      get(url, (response) => bodyOf(response).then(resolve, reject)).on('error', reject);
    }),
  'dynamic import of http': async () => {
    const http = await import('node:http');
    return new Promise((resolve, reject) => {
      const request = http.request(url, (response) => bodyOf(response).then(resolve, reject));
      request.on('error', reject);
      request.end();
    });
  },
  'undici by name': async () => (await undiciRequest(url)).body.json(),
  'dynamic import of undici': async () =>
    (await (await import('undici6')).request(url)).body.json(),
  fetch: async () => (await fetch(url)).json(),
};
const port = await listen(
  createServer(async (request, response) => {
    const name = decodeURIComponent(request.url.slice(1));
    response.end(JSON.stringify(await clients[name]()));
  }),
);
const found = {};
for (const name of Object.keys(clients)) {
  const path = `/${encodeURIComponent(name)}`;
  found[name] = verdict(await ask(port, { path, headers: incoming(1) }), 1);
}
report(found);
