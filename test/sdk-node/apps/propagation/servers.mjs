// servers: every kind of server and framework, whose handlers call on from the handler itself,
// from body events and after the answer; reports what the next service got.

import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { frameworks } from './frameworks.mjs';
import {
  ask,
  askH2,
  bodyOf,
  checks,
  echo,
  incoming,
  listen,
  report,
  tls,
  verdict,
} from './lib.mjs';

const echoPort = await listen(http.createServer(echo));
const callOn = () => ask(echoPort);
const { found, check } = checks();

async function checkPort(name, port, options = {}) {
  await check(name, (headers) => ask(port, { headers, ...options }));
}

const POST = { method: 'POST', body: 'hello' };
const send = (response) => async (pairs) => response.end(JSON.stringify(pairs));

// --- plain servers
const handler = (_request, response) => void callOn().then(send(response));
await checkPort('http.createServer(fn)', await listen(http.createServer(handler)));
await checkPort('new http.Server(fn)', await listen(new http.Server(handler)));
{
  const server = http.createServer();
  server.on('request', handler);
  await checkPort('createServer().on(request)', await listen(server));
}
for (const event of ['data', 'end', 'readable']) {
  const server = http.createServer((request, response) => {
    let asked = false;
    request.on(event, () => {
      if (event === 'readable') request.read();
      if (!asked) callOn().then(send(response));
      asked = true;
    });
    if (event !== 'readable') request.resume();
  });
  await checkPort(`req ${event} listener`, await listen(server), POST);
}
{
  const server = http.createServer(async (request, response) => {
    for await (const _ of request);
    send(response)(await callOn());
  });
  await checkPort('body by for await', await listen(server), POST);
}
for (const [of, event] of [
  ['req', 'close'],
  ['res', 'finish'],
  ['res', 'close'],
]) {
  const told = [];
  const server = http.createServer((request, response) => {
    (of === 'req' ? request : response).on(event, () => told.push(callOn()));
    request.resume();
    response.end('"done"');
  });
  const port = await listen(server);
  await check(`${of} ${event} listener`, async (headers) => {
    await ask(port, { headers });
    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    return told.pop();
  });
}
{
  const server = http.createServer();
  server.on('checkContinue', handler);
  const port = await listen(server);
  await check('checkContinue', (headers) =>
    ask(port, { method: 'POST', headers: { ...headers, expect: '100-continue' }, body: 'x' }),
  );
  const expecting = http.createServer();
  expecting.on('checkExpectation', handler);
  const expectPort = await listen(expecting);
  await check('checkExpectation', (headers) =>
    ask(expectPort, { headers: { ...headers, expect: 'x' } }),
  );
}
for (const [event, head] of [
  ['upgrade', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n'],
  ['connect', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n'],
]) {
  const server = http.createServer();
  server.on(event, (_request, socket) =>
    callOn().then((pairs) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${JSON.stringify(pairs)}`)),
  );
  const port = await listen(server);
  await check(`server ${event}`, async (headers) => {
    const socket = net.connect(port, '127.0.0.1');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`${head}${lines.join('')}\r\n`);
    const text = await bodyOf(socket);
    return JSON.parse(String(text).split('\r\n\r\n')[1]);
  });
}
{
  const port = await listen(https.createServer(tls, handler));
  await check(
    'https.createServer',
    (headers) =>
      new Promise((resolve, reject) => {
        https
          .get({ host: '127.0.0.1', port, headers, rejectUnauthorized: false }, (response) =>
            bodyOf(response).then(resolve, reject),
          )
          .on('error', reject);
      }),
  );
}

// --- http2
{
  const server = http2.createServer();
  server.on('stream', (stream) => callOn().then((pairs) => stream.end(JSON.stringify(pairs))));
  const port = await listen(server);
  await check('http2 stream', (headers) => askH2(port, headers));
  for (const event of ['data', 'end']) {
    const bodied = http2.createServer();
    bodied.on('stream', (stream) => {
      stream.on(event, () => callOn().then((pairs) => stream.end(JSON.stringify(pairs))));
      stream.resume();
    });
    const bodiedPort = await listen(bodied);
    await check(`http2 stream ${event}`, (headers) => askH2(bodiedPort, headers, 'x'));
    const compat = http2.createServer((request, response) => {
      request.on(event, () => callOn().then(send(response)));
      request.resume();
    });
    const compatPort = await listen(compat);
    await check(`http2 compat ${event}`, (headers) => askH2(compatPort, headers, 'x'));
  }
  const compatPort = await listen(http2.createServer(handler));
  await check('http2 compat', (headers) => askH2(compatPort, headers));
  const secure = await listen(http2.createSecureServer({ ...tls, allowHTTP1: true }, handler));
  await check(
    'http2 secure server, HTTP/1',
    (headers) =>
      new Promise((resolve, reject) => {
        https
          .get(
            { host: '127.0.0.1', port: secure, headers, rejectUnauthorized: false },
            (response) => bodyOf(response).then(resolve, reject),
          )
          .on('error', reject);
      }),
  );
}

// --- frameworks
for (const [name, call] of Object.entries(await frameworks(callOn))) await check(name, call);

// --- whose context
{
  // A server that is started while a request is handled: its requests are their own.
  const starter = http.createServer((_request, response) => {
    const inner = http.createServer(handler);
    inner.listen(0, '127.0.0.1', () => response.end(String(inner.address().port)));
  });
  const port = await ask(await listen(starter), { headers: incoming('starter') });
  await checkPort('server started within a request', port);
}
{
  // Requests on one connection, one after the other and pipelined; every second has nothing.
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => setTimeout(() => callOn().then(send(response)), 3));
  });
  const port = await listen(server);
  const socket = net.connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const COUNT = 8;
  let all = '';
  for (let i = 0; i < COUNT; i++) {
    const headers = i % 2 === 0 ? incoming(`p${i}`) : {};
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const close = i === COUNT - 1 ? 'Connection: close\r\n' : '';
    all += `POST / HTTP/1.1\r\nHost: a\r\n${close}Content-Length: 1\r\n${lines.join('')}\r\nx`;
  }
  socket.write(all);
  await new Promise((resolve) => socket.on('close', resolve));
  const bodies = text.match(/\[\[.*?\]\]/gs) ?? [];
  const wrong = Array.from({ length: COUNT }, (_, i) => {
    const expected = i % 2 === 0 ? 'right' : 'none';
    const got = verdict(JSON.parse(bodies[i] ?? '[]'), `p${i}`);
    return got === expected ? undefined : `${i}: ${got}`;
  }).filter(Boolean);
  found.pipelined = wrong.length === 0 ? 'right' : wrong.join('; ');
}
{
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const port = await listen(http.createServer(handler));
  const seen = [];
  for (let i = 0; i < 6; i++) {
    const headers = i % 2 === 0 ? incoming(`k${i}`) : {};
    seen.push(verdict(await ask(port, { headers, agent }), `k${i}`));
  }
  found['keep-alive'] = seen.join() === 'right,none,right,none,right,none' ? 'right' : seen.join();
}
{
  // The client's own answer is in the caller's context, as in bare Node.
  const { current } = await import('@tagalong/node');
  const server = http.createServer((_request, response) => {
    const mine = current();
    http.get({ host: '127.0.0.1', port: echoPort }, (answer) => {
      const seen = [['response', current() === mine]];
      answer.on('data', () => seen.push(['data', current() === mine]));
      answer.on('end', () => {
        seen.push(['end', current() === mine]);
        response.end(JSON.stringify(seen.filter(([, same]) => !same)));
      });
    });
  });
  const wrong = await ask(await listen(server), { headers: incoming('c') });
  found['answers of clients'] = wrong.length === 0 ? 'right' : JSON.stringify(wrong);
}
report(found);
