// The service that the W3C Trace Context validation harness asks for
// (https://github.com/w3c/trace-context, folder test): POST [{url, arguments}, …] makes it post
// each `arguments` to its `url`. It knows nothing of traces: the SDK does.
//
//   TAGALONG_MODE=participate node --import @tagalong/node/register w3c-service.mjs [PORT]
//   SPEC_LEVEL=2 python test.py http://127.0.0.1:PORT/

import { createServer } from 'node:http';

const server = createServer(async (request, response) => {
  try {
    let body = '';
    for await (const chunk of request) body += chunk;
    for (const { url, arguments: more } of JSON.parse(body || '[]')) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(more) });
      await answer.arrayBuffer();
    }
    response.setHeader('content-type', 'application/json');
    response.end('[]');
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
});

server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const { port } = server.address();
  if (process.send) process.send({ port });
  else console.log(`http://127.0.0.1:${port}/`);
});
process.on('disconnect', () => process.exit());
