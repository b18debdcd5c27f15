// reviews: a service that knows nothing of tags and traces: to its own call it forwards
// x-request-id and nothing else. It says which version it is and what reached it.
// Told by: VERSION; on its IPC channel: {outbound: URL of its sidecar}. Says: {port}. Ends with its
// parent.

import { Agent, createServer, get } from 'node:http';

const version = process.env.VERSION ?? 'v1';
let outbound = 'http://127.0.0.1:1';
process.on('message', (message) => {
  outbound = message.outbound;
});

const agent = new Agent({ keepAlive: true });

/** Calls ratings through the sidecar. */
function ratings(requestId) {
  const headers = { host: 'ratings', 'x-request-id': requestId };
  return new Promise((resolve, reject) => {
    get(outbound, { agent, headers }, (res) => {
      let body = '';
      res.setEncoding('utf8');
      res.on('data', (chunk) => {
        body += chunk;
      });
      res.on('error', reject);
      res.on('end', () => resolve(JSON.parse(body)));
    }).on('error', reject);
  });
}

const server = createServer({ keepAliveTimeout: 3_660_000 }, async (req, res) => {
  const tag = req.headers['x-traffic-tag'] ?? null;
  const requestId = req.headers['x-request-id'] ?? '';
  try {
    const page = { service: 'reviews', version, tag, requestId, ratings: await ratings(requestId) };
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(page));
  } catch (error) {
    res.statusCode = 502;
    res.end(`reviews: ratings cannot be reached: ${error.message}\n`);
  }
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.on('disconnect', () => process.exit());
