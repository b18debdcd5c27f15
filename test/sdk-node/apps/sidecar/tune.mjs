// tune: what becomes of servers, by `tuneServer` and by themselves, and what their connections see
// while the sidecar drains. One line for each finding.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { configure, sidecar, tuneServer } from '@tagalong/node';
import { listen, ownAddress, Probe, say, until } from './lib.mjs';

const pem = readFileSync(new URL('./tls.pem', import.meta.url));
const secure = { key: pem, cert: pem };
const host = '127.0.0.1';
const probe = await new Probe().start();
configure({ sidecar: { expect: 'expect', probe: probe.url } });

const answer = (request, response) => {
  setTimeout(() => response.end('hello'), request.url === '/slow' ? 1_000 : 0);
};
const late = (server) => server.keepAliveTimeout;

// ---- what is set, by name
{
  const set = (keepAliveTimeout, options) => {
    const server = http.createServer({ keepAliveTimeout });
    const same = tuneServer(server, options) === server;
    return same && server.keepAliveTimeout;
  };
  const again = tuneServer(http.createServer());
  again.keepAliveTimeout = 7_000;
  let wrong;
  try {
    tuneServer(http.createServer(), { proxyIdleMs: -1 });
  } catch ({ code }) {
    wrong = code;
  }
  say('set', {
    usual: set(undefined),
    shorter: set(7_000),
    given: set(7_000, { proxyIdleMs: 60_000 }),
    longer: set(70_000, { proxyIdleMs: 60_000 }),
    atBound: set(70_001, { proxyIdleMs: 60_000 }),
    forever: set(0),
    https: tuneServer(https.createServer(secure)).keepAliveTimeout,
    afterwards: again.keepAliveTimeout,
    wrong,
    // No idle timeout of its own, or none without HTTP/1.
    http2: [http2.createServer(), http2.createSecureServer({ ...secure, allowHTTP1: true })].map(
      (server) => {
        const own = server.keepAliveTimeout;
        return [own === undefined, tuneServer(server).keepAliveTimeout === undefined];
      },
    ),
  });
}

// ---- a tuned connection outlives the timeouts for requests
{
  const timeouts = { headersTimeout: 200, requestTimeout: 250, connectionsCheckingInterval: 20 };
  const server = tuneServer(http.createServer(timeouts, answer));
  const port = await listen(server, 0, host);
  const socket = net.connect(port, host).setEncoding('latin1');
  let answers = 0;
  let ended = false;
  socket.on('data', (chunk) => {
    answers += chunk.split('HTTP/1.1 200').length - 1;
  });
  socket.on('close', () => {
    ended = true;
  });
  const ask = () => socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  ask();
  await until('the first answer', () => answers === 1);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  ask();
  await until('the second answer', () => answers === 2 || ended);
  say('idle', { answers, ended });
  socket.destroy();
  server.close();
}

// ---- by themselves
const early = {
  usual: http.createServer(answer),
  secure: https.createServer(secure, answer),
  set: http.createServer({ keepAliveTimeout: 7_000 }, answer),
  setAfterListen: http.createServer(answer),
  setWhenReady: http.createServer(answer),
  closed: http.createServer(answer),
  http2: http2.createServer(answer),
  both: http2.createSecureServer({ ...secure, allowHTTP1: true }, answer),
};
const ports = {};
for (const [name, server] of Object.entries(early)) {
  const where = [0, host];
  const listening = listen(server, ...where);
  if (name === 'setAfterListen') server.keepAliveTimeout = 6_000;
  ports[name] = await listening;
}
early.closed.close();
say('starting', { state: sidecar.state, usual: late(early.usual), secure: late(early.secure) });
const sessions = [http2.connect(`http://${host}:${ports.http2}`)];
await new Promise((resolve) => sessions[0].once('remoteSettings', resolve));
probe.status = 200;
await until('the sidecar is ready', () => sidecar.state === 'ready');
early.setWhenReady.keepAliveTimeout = 6_000;
const after = http.createServer(answer);
await listen(after, 0, host);
const setAtOnce = http.createServer(answer);
const listens = listen(setAtOnce, 0, host);
setAtOnce.keepAliveTimeout = 6_000;
await listens;
const setWhenListening = http.createServer(answer);
await listen(setWhenListening, 0, host);
setWhenListening.keepAliveTimeout = 6_000;
const never = http.createServer(answer);
say('ready', {
  ...Object.fromEntries(Object.entries(early).map(([name, server]) => [name, late(server)])),
  after: late(after),
  setAtOnce: late(setAtOnce),
  setWhenListening: late(setWhenListening),
  never: late(never),
});

// ---- draining
const agents = [new http.Agent({ keepAlive: true }), new https.Agent({ keepAlive: true })];
const connectionOf = (server, path = '/') =>
  new Promise((resolve, reject) => {
    const tls = server !== 'usual' && server !== 'set';
    const options = { host, port: ports[server], path, agent: agents[Number(tls)] };
    const trust = { ca: pem, servername: 'tagalong.test', ALPNProtocols: ['http/1.1'] };
    (tls ? https : http)
      .get({ ...options, ...(tls ? trust : {}) }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.headers.connection));
      })
      .on('error', reject);
  });
const headers = async () => ({
  usual: await connectionOf('usual'),
  secure: await connectionOf('secure'),
  set: await connectionOf('set'),
  both: await connectionOf('both'),
});

const before = await headers();
const [session] = sessions;
const told = { goaway: false, closed: false };
session.on('goaway', () => {
  told.goaway = true;
});
session.on('close', () => {
  told.closed = true;
});
let open = true;
const underWay = text(session.request({ ':path': '/slow' })).finally(() => {
  open = false;
});
probe.status = 503;
// A refused connection has the sidecar asked at once; by itself that takes up to 6 s.
net.connect(1, ownAddress()).on('error', () => {});
await until('the sidecar drains', () => sidecar.state === 'draining');
const during = open;
const slow = await underWay.catch(({ code }) => code);
await until('the session has ended', () => told.closed);
const second = http2.connect(`http://${host}:${ports.http2}`);
const fresh = await text(second.request({ ':path': '/slow' })).catch(({ code }) => code);
await until('the second session has ended', () => second.closed);
const draining = await headers();
probe.status = 200;
await until('the sidecar is ready again', () => sidecar.state === 'ready');
say('drain', { before, draining, again: await headers(), during, slow, told, fresh });
process.exit(0);
