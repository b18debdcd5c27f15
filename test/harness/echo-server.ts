// echo-server: a real upstream: it answers with the headers that reached it.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EchoServer {
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

/** What it says of a request. */
export interface Echo {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  /** As they came, repeated ones repeated. */
  readonly headers: readonly (readonly [string, string])[];
}

/**
 * Answers 200 with an Echo as JSON. A request's `x-answer` headers, `name: value` each, become
 * headers of the response.
 */
export async function startEchoServer(service = 'echo'): Promise<EchoServer> {
  const server = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 1 << 22 }, (req, res) => {
    const headers: [string, string][] = [];
    for (let i = 0; i < req.rawHeaders.length; i += 2) {
      headers.push([req.rawHeaders[i] ?? '', req.rawHeaders[i + 1] ?? '']);
    }
    for (const [name, value] of headers) {
      if (name.toLowerCase() !== 'x-answer') continue;
      const colon = value.indexOf(':');
      res.appendHeader(value.slice(0, colon), value.slice(colon + 1).trim());
    }
    const echo: Echo = { service, method: req.method ?? '', path: req.url ?? '', headers };
    // Header values are bytes; latin1 keeps each as it came.
    res.setHeader('content-type', 'application/json; charset=latin1');
    res.end(Buffer.from(JSON.stringify(echo), 'latin1'));
  });
  server.maxHeadersCount = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
