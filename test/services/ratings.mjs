// ratings: a service at the end of the call. It says what reached it.
// Says on its IPC channel: {port}. Ends with its parent.

import { createServer } from 'node:http';

const server = createServer({ keepAliveTimeout: 3_660_000 }, (req, res) => {
  const { headers } = req;
  res.setHeader('content-type', 'application/json');
  res.end(
    JSON.stringify({
      service: 'ratings',
      tag: headers['x-traffic-tag'] ?? null,
      trace: headers.traceparent ?? null,
      requestId: headers['x-request-id'] ?? null,
    }),
  );
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.on('disconnect', () => process.exit());
