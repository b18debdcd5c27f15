// clients: one call by each client, as a service makes it, and the same through a client of ours,
// with a route whose first hop answers. CommonJS: what instruments by `require` sees it.

const PATH = '/bench.Echo/Call';
const same = (bytes) => bytes;
const IDENTITY = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

/** A route as calls go without one, with a way past the sidecar that is never taken. */
function routesTo(port) {
  const authority = `127.0.0.1:${port}`;
  const past = { via: 'direct', address: authority, plaintext: true };
  return { [authority]: [{ via: 'sidecar' }, past] };
}

/** Client → (ports of the upstream, through ours?) → what makes a call and calls back. */
const clients = {
  http({ http: port }, routed) {
    const { Agent, get } = require('node:http');
    const agent = routed
      ? new (require('@tagalong/node/http').Agent)({ keepAlive: true, routes: routesTo(port) })
      : new Agent({ keepAlive: true });
    return (done) => {
      const request = get({ agent, host: '127.0.0.1', port, path: '/' }, (response) => {
        response.resume().on('end', done);
      });
      request.on('error', done);
    };
  },
  fetch({ http: port }, routed) {
    const call = routed ? require('@tagalong/node').createFetch({ routes: routesTo(port) }) : fetch;
    const url = `http://127.0.0.1:${port}/`;
    return (done) => {
      call(url)
        .then((response) => response.arrayBuffer())
        .then(() => done(), done);
    };
  },
  undici({ http: port }, routed) {
    const { Agent, request } = require('undici');
    const url = `http://127.0.0.1:${port}/`;
    const options = {};
    if (routed) {
      const { interceptor } = require('@tagalong/node/undici');
      options.dispatcher = new Agent().compose(interceptor({ routes: routesTo(port) }));
    }
    return (done) => {
      request(url, options)
        .then(({ body }) => body.arrayBuffer())
        .then(() => done(), done);
    };
  },
  grpc({ grpc: port }, routed) {
    const { Client, credentials } = require('@grpc/grpc-js');
    const target = `127.0.0.1:${port}`;
    const insecure = credentials.createInsecure();
    const options = routed
      ? require('@tagalong/node/grpc').channelOptions(target, insecure, { routes: routesTo(port) })
      : {};
    const client = new Client(target, insecure, options);
    const bytes = Buffer.from('ok');
    return (done) => {
      client.makeUnaryRequest(PATH, same, same, bytes, (error) => done(error ?? undefined));
    };
  },
};

module.exports = { clients, IDENTITY, PATH };
