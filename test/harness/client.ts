// client: one HTTP/1.1 request with headers exactly as given, repeated ones and odd bytes included.

import { type Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface Request {
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly agent?: Agent;
}

/** The host header is among `headers`, or `127.0.0.1`. Rejects where the connection breaks. */
export function send(options: Request): Promise<Answer> {
  const { port, method = 'GET', path = '/', headers = [] } = options;
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
  const flat = [...(hasHost ? [] : [['host', '127.0.0.1'] as const]), ...headers].flat();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: flat,
        setHost: false,
        maxHeaderSize: 1 << 22,
        agent: options.agent ?? false,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const pairs: [string, string][] = [];
          for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
            pairs.push([incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '']);
          }
          const body = Buffer.concat(chunks).toString('latin1');
          resolve({ status: incoming.statusCode ?? 0, headers: pairs, body });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}
