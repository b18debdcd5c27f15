// chaos-call: what caller and upstream of the chaos have in common.

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
