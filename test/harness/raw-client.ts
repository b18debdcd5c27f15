// raw-client: a request for a target exactly as given, over HTTP/1.1 or HTTP/2, where a client
// library would refuse or mend it.

import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Answer } from './client.js';

export interface Target {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly method?: string;
  /** A character above 0x7f stands for the byte of that number. */
  readonly target: string;
  /** Behind `host`; over HTTP/1.1 only. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** Over a socket of its own; the answer must tell its size. */
export function sendRaw(request: Target): Promise<Answer> {
  const { host = '127.0.0.1', port, method = 'GET', target, headers = [] } = request;
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const answer = parsed(text);
      if (answer === undefined) return;
      resolve(answer);
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed behind ${JSON.stringify(text)}`)));
    const fields = headers.map(([name, value]) => `${name}: ${value}`);
    const lines = [`${method} ${target} HTTP/1.1`, 'host: test.example', ...fields, '', ''];
    socket.write(Buffer.from(lines.join('\r\n'), 'latin1'));
  });
}

/** The answer, once all of it is there. */
function parsed(text: string): Answer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const size = headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1];
  const body = text.slice(end + 4);
  // Envoy's own 400 says nothing of its size, and closes.
  if (body.length < Number(size ?? 0)) return undefined;
  return { status: Number(first.split(' ')[1]), headers, body };
}

/** Over a connection of its own; undefined where the proxy resets the stream. */
export function sendHttp2({ port, method = 'GET', target }: Target): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on('error', reject);
    const stream = session.request({
      ':method': method,
      ':path': target,
      ':authority': 'test.example',
    });
    let answer: Answer | undefined;
    let body = '';
    stream.on('response', (headers) => {
      const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
      answer = { status: headers[':status'] ?? 0, headers: pairs, body: '' };
    });
    stream.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    // A reset is an error, and closes all the same.
    stream.on('error', () => undefined);
    stream.on('close', () => {
      session.destroy();
      resolve(answer === undefined ? undefined : { ...answer, body });
    });
    stream.end();
  });
}
