// chaos-call: the one gRPC method of the chaos and of the replies, whose messages are bytes.

const bytes = (value) => value;

export const METHOD = {
  path: '/chaos.Chaos/Call',
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

export function unary(client, metadata, body, done) {
  client.makeUnaryRequest(METHOD.path, bytes, bytes, Buffer.from(body), metadata, done);
}
