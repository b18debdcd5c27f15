// reviews: a service at the end of the call. It says which version it is and which tag reached it.
// Told by: VERSION. Says on its IPC channel: {port}. Ends with its parent.

import { createServer } from 'node:http';

const version = process.env.VERSION ?? 'v1';

const server = createServer({ keepAliveTimeout: 3_660_000 }, (req, res) => {
  const tag = req.headers['x-traffic-tag'] ?? null;
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify({ service: 'reviews', version, tag }));
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.on('disconnect', () => process.exit());
