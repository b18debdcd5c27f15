// grpc: HTTP → gRPC metadata → HTTP, in all kinds of calls, and many first calls at once on a cold
// channel. `argv[2]`: how the library is loaded.

import http from 'node:http';
import { createRequire } from 'node:module';
import { method, promised, serve } from './grpc-service.cjs';
import { ask, echo, incoming, inParallel, listen, report, tally, verdict } from './lib.mjs';

const how = process.argv[2] ?? 'import';
const grpc =
  how === 'require'
    ? createRequire(import.meta.url)('@grpc/grpc-js')
    : (await import('@grpc/grpc-js')).default;

const echoPort = await listen(http.createServer(echo));
const callOn = () => ask(echoPort);
const service = {
  unary: method('unary'),
  clientStream: method('clientStream', true),
  serverStream: method('serverStream', false, true),
  bidi: method('bidi', true, true),
};

/** Answers with the metadata that came and with what an HTTP call from here carries. */
const both = async (call) => ({
  metadata: Object.entries(call.metadata.getMap()).map(([name, value]) => [
    name,
    Buffer.isBuffer(value) ? value.toString('base64') : value,
  ]),
  next: await callOn(),
});
const { address, newClient } = await serve(grpc, service, {
  unary: (call, callback) => void both(call).then((value) => callback(null, value), callback),
  clientStream(call, callback) {
    call.on('data', () => {});
    call.on('end', () => void both(call).then((value) => callback(null, value), callback));
  },
  serverStream(call) {
    void both(call).then((value) => {
      call.write(value);
      call.end();
    });
  },
  bidi(call) {
    const written = [];
    call.on('data', () => written.push(both(call).then((value) => call.write(value))));
    call.on('end', () => void Promise.all(written).then(() => call.end()));
  },
});
const newCold = () => newClient({ 'grpc.use_local_subchannel_pool': 1 });
const client = newCold();
const last = (stream) =>
  new Promise((resolve, reject) => {
    let value;
    stream.on('data', (data) => {
      value = data;
    });
    stream.on('error', reject);
    stream.on('end', () => resolve(value));
  });
const kinds = {
  unary: (of) => promised((done) => of.unary({}, done)),
  'unary with metadata': (of) => {
    const metadata = new grpc.Metadata();
    metadata.set('own', 'kept');
    return promised((done) => of.unary({}, metadata, done)).then((value) => {
      if (metadata.get('x-request-id').length > 0) throw new Error('the caller’s metadata changed');
      return value;
    });
  },
  'unary with an interceptor': (of) => {
    const interceptor = (options, next) =>
      new grpc.InterceptingCall(next(options), {
        start: (metadata, listener, start) => setTimeout(() => start(metadata, listener), 1),
      });
    return promised((done) =>
      of.unary({}, new grpc.Metadata(), { interceptors: [interceptor] }, done),
    );
  },
  clientStream: (of) =>
    promised((done) => {
      const call = of.clientStream(done);
      call.write({});
      call.end();
    }),
  serverStream: (of) => last(of.serverStream({})),
  bidi: (of) => {
    const call = of.bidi();
    call.write({});
    call.end();
    return last(call);
  },
};

let kind = 'unary';
let target = client;
const front = http.createServer(async (request, response) => {
  try {
    for await (const _ of request);
    response.end(JSON.stringify(await kinds[kind](target)));
  } catch (error) {
    response.end(JSON.stringify({ failed: error.stack }));
  }
});
const port = await listen(front);
const judge = (answer, id) => {
  if (!answer.metadata) return JSON.stringify(answer);
  const metadata = verdict(answer.metadata, id);
  const next = verdict(answer.next, id);
  return metadata === next ? metadata : `metadata ${metadata}, next ${next}`;
};
const found = {};
for (kind of Object.keys(kinds)) {
  found[kind] = judge(await ask(port, { headers: incoming(1) }), 1);
  const bare = judge(await ask(port), 1);
  if (bare !== 'none') found[`${kind}, nothing to carry`] = bare;
  // A cold channel: the first calls open its one connection.
  target = newCold();
  const COUNT = 50;
  const counts = tally(
    await inParallel(COUNT, COUNT, async (i) => {
      if (i % 5 === 0) {
        // Later than the others, one of whose contexts the connection is opened in.
        await new Promise((resolve) => setTimeout(resolve, 3));
        return `outside ${judge(await kinds[kind](target), i)}`;
      }
      return judge(await ask(port, { headers: incoming(i), method: 'POST', body: 'x' }), i);
    }),
  );
  target.close();
  found[`${kind}, cold channel`] =
    counts.right === 40 && counts['outside none'] === 10 ? 'right' : JSON.stringify(counts);
  target = client;
}
{
  // A binary trace header stays the same bytes.
  const bytes = Buffer.from([0, 1, 2, 0xff]).toString('base64');
  kind = 'unary';
  const answer = await ask(port, { headers: { 'grpc-trace-bin': bytes } });
  const inNext = answer.next.find(([name]) => name === 'grpc-trace-bin')?.[1];
  const inMetadata = answer.metadata.find(([name]) => name === 'grpc-trace-bin')?.[1];
  found['grpc-trace-bin'] =
    inMetadata === bytes && inNext?.replace(/=+$/, '') === bytes.replace(/=+$/, '')
      ? 'right'
      : JSON.stringify({ inMetadata, inNext });
}
{
  // What the caller set counts; a trace of its own is not mixed.
  kinds.own = (of) => {
    const metadata = new grpc.Metadata();
    metadata.set('traceparent', 'mine');
    metadata.set('x-traffic-tag', 'mine');
    return promised((done) => of.unary({}, metadata, done));
  };
  kind = 'own';
  const { metadata } = await ask(port, { headers: incoming(1) });
  const got = Object.fromEntries(metadata);
  found['metadata of the caller'] =
    got.traceparent === 'mine' &&
    got['x-traffic-tag'] === 'mine' &&
    got['x-b3-traceid'] === undefined &&
    got['x-request-id'] === 'r-1'
      ? 'right'
      : JSON.stringify(metadata);
}
{
  // The authority decides: of the target, of the channel, of the call.
  const to = (options, call = {}) => {
    const of = newClient(options, `ipv4:${address}`);
    kinds.to = () => promised((done) => of.unary({}, new grpc.Metadata(), call, done));
    kind = 'to';
    return ask(port, { headers: incoming(1) }).then((answer) => {
      of.close();
      return judge(answer, 1);
    });
  };
  const expected = {
    'authority of the target': [await to({}), 'right'],
    'authority of the channel': [await to({ 'grpc.default_authority': 'api.example.com' }), 'none'],
    'authority of the channel, in the mesh': [
      await to({ 'grpc.default_authority': 'reviews.shop.svc:50051' }),
      'right',
    ],
    'authority of the call': [await to({}, { host: 'api.example.com' }), 'none'],
  };
  for (const [name, [got, want]] of Object.entries(expected)) {
    found[name] = got === want ? 'right' : `${got}, want ${want}`;
  }
}
report(found);
