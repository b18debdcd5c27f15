// upstream: a server that does what the path says, and keeps what arrived.

import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';

/** Headers of a local reply of Envoy's on its first attempt. */
export const LOCAL = {
  server: 'envoy',
  'x-envoy-attempt-count': '1',
  'content-type': 'text/plain',
};
export const UF =
  'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure';
export const UC =
  'upstream connect error or disconnect/reset before headers. reset reason: connection termination';

export async function upstream(name = 'upstream') {
  const arrived = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { url, method, headers } = request;
    const seen = { name, url, method, body, headers };
    arrived.push(seen);
    const nth = arrived.filter((one) => one.url === url).length;
    const text = (status, fields, said) =>
      response.writeHead(status, { 'content-length': said.length, ...fields }).end(said);
    const actions = {
      '/ok': () => text(200, {}, `${name} ${method} ${body}`),
      '/reset': () => request.socket.destroy(),
      '/reset-by-main': () => (name === 'main' ? request.socket.destroy() : actions['/ok']()),
      '/reset-once': () => (nth === 1 ? request.socket.destroy() : actions['/ok']()),
      '/app-503': () => text(503, { 'x-envoy-upstream-service-time': '2' }, 'app'),
      '/app-503-once': () => (nth === 1 ? text(503, {}, 'busy') : actions['/ok']()),
      '/later-once': () =>
        nth === 1 ? text(503, { 'retry-after': '1' }, 'busy') : actions['/ok'](),
      '/much-later': () => text(503, { 'retry-after': '60' }, 'busy'),
      '/uf': () => text(503, LOCAL, UF),
      '/uf-once': () => (nth === 1 ? text(503, LOCAL, UF) : actions['/ok']()),
      '/uc': () => text(503, LOCAL, UC),
      '/urx': () =>
        text(
          503,
          { ...LOCAL, 'x-envoy-attempt-count': '3' },
          UF.replace('reset reason', 'retried and the latest reset reason'),
        ),
      '/overloaded': () => text(503, { ...LOCAL, 'x-envoy-overloaded': 'true' }, 'overflow'),
      '/hang': () => {},
      '/half': () => {
        response.writeHead(200, { 'content-length': 10 });
        response.write('half!');
        setTimeout(() => request.socket.destroy(), 20);
      },
      '/redirect': () => text(307, { location: headers['x-to'] ?? '/ok' }, ''),
      '/long': () => response.end('x'.repeat(1 << 20)),
      '/trailers': () => {
        response.writeHead(200, { trailer: 'x-sum', 'set-cookie': ['a=1', 'b=2'] });
        response.write('t');
        response.addTrailers({ 'x-sum': '1' });
        response.end();
      },
    };
    (actions[url.split('?')[0]] ?? actions['/ok'])();
  });
  // Not a graceful end: clients see the connection close.
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  return {
    port,
    server,
    arrived,
    authority: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A port of loopback where nobody listens. */
export async function refusedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
