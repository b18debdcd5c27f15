// loading: the ways in which a CommonJS application, its workers and its children come to run with
// `register`; each makes the same calls.

const { fork } = require('node:child_process');
const { createServer, request } = require('node:http');
const { isMainThread, parentPort, Worker } = require('node:worker_threads');
const { method, promised, serve } = require('./grpc-service.cjs');

async function calls() {
  const { ask, echo, incoming, listen, verdict } = await import('./lib.mjs');
  const undici = require('undici');
  const grpc = require('@grpc/grpc-js');
  const echoPort = await listen(createServer(echo));
  const url = `http://127.0.0.1:${echoPort}/`;
  const clients = {
    'request by name': () =>
      new Promise((resolve, reject) => {
        request(url, async (response) => {
          const chunks = [];
          for await (const chunk of response) chunks.push(chunk);
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        })
          .on('error', reject)
          .end();
      }),
    fetch: async () => (await fetch(url)).json(),
    undici: async () => (await undici.request(url)).body.json(),
    'dynamic import of undici': async () => {
      const lib = await import('undici6');
      return (await lib.request(url)).body.json();
    },
    grpc: async () => {
      const { newClient, stop } = await serve(
        grpc,
        { pairs: method('pairs') },
        { pairs: ({ metadata }, done) => done(null, Object.entries(metadata.getMap())) },
      );
      const client = newClient();
      try {
        return await promised((done) => client.pairs({}, done));
      } finally {
        client.close();
        stop();
      }
    },
  };
  const port = await listen(
    createServer(async (incomingRequest, response) => {
      try {
        const name = decodeURIComponent(incomingRequest.url.slice(1));
        response.end(JSON.stringify(await clients[name]()));
      } catch (error) {
        response.end(JSON.stringify(error.stack));
      }
    }),
  );
  const found = {};
  for (const name of Object.keys(clients)) {
    const path = `/${encodeURIComponent(name)}`;
    found[name] = verdict(await ask(port, { path, headers: incoming(1) }), 1);
  }
  return found;
}

function prefixed(prefix, found) {
  return Object.fromEntries(Object.entries(found).map(([name, one]) => [`${prefix}${name}`, one]));
}

async function main() {
  const { report } = await import('./lib.mjs');
  let found = await calls();
  if (process.argv.includes('alone')) return report(found);
  const inWorker = await new Promise((resolve, reject) => {
    new Worker(__filename).once('message', resolve).once('error', reject);
  });
  const inChild = await new Promise((resolve, reject) => {
    fork(__filename, ['child']).once('message', resolve).once('error', reject);
  });
  found = { ...found, ...prefixed('worker: ', inWorker), ...prefixed('fork: ', inChild) };
  // A worker of source text skips --import on some versions; it can require the package itself.
  const source = `
    require('@tagalong/node/register');
    const { parentPort } = require('node:worker_threads');
    const { calls } = require(${JSON.stringify(__filename)});
    calls().then((found) => parentPort.postMessage(found));
  `;
  const inEval = await new Promise((resolve, reject) => {
    new Worker(source, { eval: true }).once('message', resolve).once('error', reject);
  });
  return report({ ...found, ...prefixed('eval worker: ', inEval) });
}

module.exports = { calls };

// Required by the worker of source text: that one starts by itself.
if (module.parent == null) {
  if (!isMainThread) calls().then((found) => parentPort.postMessage(found));
  else if (process.argv.includes('child')) {
    calls().then((found) => process.send(found, () => process.exit(0)));
  } else main();
}
