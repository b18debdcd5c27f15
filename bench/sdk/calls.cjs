// calls: one call by each client, as a service makes it. CommonJS: what instruments by require sees it.

const PATH = '/bench.Echo/Call';
const same = (bytes) => bytes;
const IDENTITY = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

/** Client → (ports of the upstream) → a function that makes a call and calls back. */
const clients = {
  http({ http: port }) {
    const { Agent, get } = require('node:http');
    const agent = new Agent({ keepAlive: true });
    return (done) => {
      const request = get({ agent, host: '127.0.0.1', port, path: '/' }, (response) => {
        response.resume().on('end', done);
      });
      request.on('error', done);
    };
  },
  fetch({ http: port }) {
    const url = `http://127.0.0.1:${port}/`;
    return (done) => {
      fetch(url)
        .then((response) => response.arrayBuffer())
        .then(() => done(), done);
    };
  },
  undici({ http: port }) {
    const { request } = require('undici');
    const url = `http://127.0.0.1:${port}/`;
    return (done) => {
      request(url)
        .then(({ body }) => body.arrayBuffer())
        .then(() => done(), done);
    };
  },
  grpc({ grpc: port }) {
    const { Client, credentials } = require('@grpc/grpc-js');
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const bytes = Buffer.from('ok');
    return (done) => {
      client.makeUnaryRequest(PATH, same, same, bytes, (error) => done(error ?? undefined));
    };
  },
};

module.exports = { clients, IDENTITY, PATH };
