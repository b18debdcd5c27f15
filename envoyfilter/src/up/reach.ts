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

/** Can this process listen there? 0 is always free. */
export function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.on('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
