// frontend: a service that calls another and knows nothing of tags and traces. It is started with
// `--import @tagalong/node/register`, which carries them from the request to the call.
// Told on its IPC channel: {outbound: URL of its sidecar}. Says: {port}. Ends with its parent.

import { Agent, createServer, get } from 'node:http';

let outbound = 'http://127.0.0.1:1';
process.on('message', (message) => {
  outbound = message.outbound;
});

const agent = new Agent({ keepAlive: true });

/** Calls reviews through the sidecar. */
function reviews() {
  return new Promise((resolve, reject) => {
    get(outbound, { agent, headers: { host: 'reviews' } }, (res) => {
      let body = '';
      res.setEncoding('utf8');
      res.on('data', (chunk) => {
        body += chunk;
      });
      res.on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode, via: res.headers['x-via'], body }));
    }).on('error', reject);
  });
}

const server = createServer({ keepAliveTimeout: 3_660_000 }, async (_req, res) => {
  try {
    const { status, via, body } = await reviews();
    res.statusCode = status;
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ service: 'frontend', via, reviews: JSON.parse(body) }));
  } catch (error) {
    res.statusCode = 502;
    res.end(`frontend: reviews cannot be reached: ${error.message}\n`);
  }
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.on('disconnect', () => process.exit());
