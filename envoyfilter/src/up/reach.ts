// reach: can an address be connected to, is a port free?

import { createServer, Socket } from 'node:net';

const CONNECT_TIMEOUT_MS = 1_000;

/** Why HOST:PORT cannot be connected to; undefined: it can. */
export function unreachable(endpoint: string): Promise<string | undefined> {
  const [, v6, name, port] = /^(?:\[(.+)\]|(.+)):(\d+)$/.exec(endpoint) ?? [];
  const socket = new Socket();
  return new Promise((resolve) => {
    const end = (reason: string | undefined) => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(`no answer within ${CONNECT_TIMEOUT_MS} ms`));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end(error.code === 'ECONNREFUSED' ? 'nobody listens there' : error.message);
    });
    socket.connect({ host: v6 ?? name ?? '', port: Number(port) }, () => end(undefined));
  });
}

/** Why this process cannot listen there; undefined: it can. 0 is always free. */
export function notFree(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EADDRINUSE') resolve('is taken');
      else resolve(code === 'EACCES' ? 'is not for you to listen on' : `is of no use: ${message}`);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
