// grpc-service: a gRPC service on loopback whose messages are JSON. The library is handed in, as how
// and when an app loads it is what is tested.

const serialize = (value) => Buffer.from(JSON.stringify(value));
const deserialize = (bytes) => JSON.parse(bytes.toString());

function method(name, requestStream = false, responseStream = false) {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  };
}

/** Where the service is, clients of it or of another target, and its end. */
async function serve(grpc, service, handlers) {
  const server = new grpc.Server();
  server.addService(service, handlers);
  const port = await promised((done) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), done),
  );
  const address = `127.0.0.1:${port}`;
  const Client = grpc.makeGenericClientConstructor(service, 'Echo');
  return {
    address,
    newClient: (options = {}, target = address) =>
      new Client(target, grpc.credentials.createInsecure(), options),
    stop: () => server.forceShutdown(),
  };
}

/** What a call with a callback as its last argument gives. */
function promised(call) {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)));
  });
}

module.exports = { method, promised, serve };
