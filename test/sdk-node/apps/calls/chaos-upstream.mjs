// chaos-upstream: an HTTP and a gRPC server that say what arrived. A keyed request has its effect
// once, however often it arrives. Told `report` by the parent, answers with all counts.

import { createServer } from 'node:http';
import grpc from '@grpc/grpc-js';
import { METHOD } from './chaos-call.mjs';

/** Kept so long that some calls are in flight whenever a proxy dies. */
const WORK_MS = 10;

const arrivals = {};
const effects = {};
function work(kind, id, key, done) {
  arrivals[kind] ??= {};
  arrivals[kind][id] = (arrivals[kind][id] ?? 0) + 1;
  const name = `${kind} ${key ?? id}`;
  if (key === undefined || effects[name] === undefined) effects[name] = (effects[name] ?? 0) + 1;
  setTimeout(done, WORK_MS);
}

const http = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const { 'x-id': id, 'x-kind': kind, 'idempotency-key': key } = request.headers;
    work(kind, id, key, () => response.end(id));
  });
});
const server = new grpc.Server();
server.addService(
  { call: METHOD },
  {
    call: ({ metadata }, done) => {
      const [id, kind, key] = ['x-id', 'x-kind', 'idempotency-key'].map((n) => metadata.get(n)[0]);
      work(kind, id, key, () => done(null, Buffer.from(id)));
    },
  },
);
const grpcPort = await new Promise((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  ),
);
http.listen(0, '127.0.0.1', () => {
  process.send({ http: http.address().port, grpc: grpcPort });
});
process.on('message', () => process.send({ arrivals, effects }));
process.on('disconnect', () => process.exit());
