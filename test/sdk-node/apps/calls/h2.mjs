// h2: POSTs and gRPC calls without a key to HTTP/2 servers that refuse a stream or go away. Argument
// 2: whose undici. Tells, as one JSON object, what came of each, and what the servers have processed.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import grpc from '@grpc/grpc-js';
import { channelOptions } from '@tagalong/node/grpc';
import { interceptor } from '@tagalong/node/undici';

const pem = (kind) =>
  readFileSync(new URL(`../propagation/localhost.${kind}.pem`, import.meta.url));
const { constants } = http2;
const retry = { baseMs: 1, capMs: 5, budget: { floorPerSecond: 1000 } };
const MODES = ['refused', 'goaway above', 'goaway taken', 'cancel', 'internal', 'destroy'];

/** Answers the first call of a connection; what it does to the second is its mode, once. */
async function serve(mode, secure) {
  const told = { streams: 0, processed: 0 };
  const server = secure
    ? http2.createSecureServer({ key: pem('key'), cert: pem('cert') })
    : http2.createServer();
  server.on('sessionError', () => {});
  const acts = {
    refused: (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
    'goaway above': ({ session }) => session.goaway(constants.NGHTTP2_NO_ERROR, 1),
    'goaway taken': ({ session, id }) => {
      told.processed++;
      session.goaway(constants.NGHTTP2_NO_ERROR, id);
      setTimeout(() => session.destroy(), 50);
    },
    cancel: (stream) => {
      told.processed++;
      stream.close(constants.NGHTTP2_CANCEL);
    },
    internal: (stream) => {
      told.processed++;
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    },
    // An answer whose status does not come.
    cut: (stream) => {
      told.processed++;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' });
      stream.write(Buffer.from('\0\0\0\0\u0003cut'), () => stream.session?.destroy());
    },
    destroy: ({ session }) => {
      told.processed++;
      session.destroy();
    },
  };
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    told.streams++;
    if (told.streams === 2) {
      acts[mode](stream);
      return;
    }
    stream.resume().on('end', () => {
      told.processed++;
      if (secure) {
        stream.respond({ ':status': 200 });
        stream.end('ok');
        return;
      }
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc+proto' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from('\0\0\0\0\u0002ok'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, told, server };
}

async function overUndici(undici, mode) {
  const { port, told, server } = await serve(mode, true);
  const agent = new undici.Agent({
    allowH2: true,
    connect: { ca: pem('cert'), servername: 'localhost' },
  });
  const dispatcher = agent.compose(interceptor({ retry, deadlineMs: 5_000 }));
  const post = async () => {
    const init = { method: 'POST', body: 'b', dispatcher };
    const { body } = await undici.request(`https://127.0.0.1:${port}/`, init);
    return { answer: await body.text() };
  };
  await post();
  const result = await post().catch(({ code, sent }) => ({ code, sent }));
  await agent.destroy();
  server.close();
  return { ...result, processed: told.processed };
}

async function overGrpc(mode, key) {
  const { port, told, server } = await serve(mode, false);
  const target = `127.0.0.1:${port}`;
  const insecure = grpc.credentials.createInsecure();
  const options = channelOptions(target, insecure, { retry, deadlineMs: 5_000 });
  const client = new grpc.Client(target, insecure, options);
  const bytes = (value) => value;
  const metadata = new grpc.Metadata();
  if (key !== undefined) metadata.set('idempotency-key', key);
  const call = () =>
    new Promise((resolve) => {
      const body = Buffer.from('b');
      client.makeUnaryRequest('/t.T/Call', bytes, bytes, body, metadata, (error, answer) =>
        resolve(
          error
            ? { status: error.code, code: error.cause?.code, sent: error.cause?.sent }
            : { answer: String(answer) },
        ),
      );
    });
  await call();
  const result = await call();
  client.close();
  server.close();
  return { ...result, processed: told.processed };
}

const results = { undici: {}, grpc: {} };
const undici = await import(process.argv[2]);
for (const mode of MODES) {
  results.undici[mode] = await overUndici(undici, mode);
  results.grpc[mode] = await overGrpc(mode);
}
results.keyed = await overGrpc('cut', 'k');
process.stdout.write(JSON.stringify(results), () => process.exit());
