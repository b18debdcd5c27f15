// probe: one request to the sidecar's own endpoints, and how it went.
// By hand on a socket of its own: nothing that the application hears of its http clients (channels,
// agents, global dispatchers) is touched, and a pooled connection to a proxy that is gone would
// answer for the one that took its place. Where Node has the channel `net.client.socket` in
// `connect`, its subscribers see these sockets.

import { Socket } from 'node:net';
import type { Sign } from './machine.js';
import { atOnce } from './passing.js';

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly timeoutMs: number;
  /**
   * Whether the process stays alive for the answer. If not, it still does while the kernel has not
   * answered a connect: on loopback no time, elsewhere at most the timeout.
   */
  readonly ref: boolean;
}

/** What is read of an answer: `HTTP/1.1 200` and what follows. */
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})[ \r\n]/;
const STATUS_LINE_CHARS = 13;

/** Errors which say that nobody is there. */
const NOBODY = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND']);
/** Somebody was there and hung up: a process that ends. */
const HUNG_UP = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** Asks once; calls back once, never before it has returned; what is returned gives up. */
export function ask(question: Question, answer: (sign: Sign) => void): () => void {
  const { method, url, timeoutMs, ref } = question;
  const socket = new Socket();
  let heard = '';
  let over = false;
  const giveUp = () => {
    over = true;
    clearTimeout(timer);
    socket.destroy();
  };
  const end = (sign: Sign) => {
    if (over) return;
    giveUp();
    answer(sign);
  };
  const later = (sign: Sign) => {
    const turn = setImmediate(end, sign);
    if (!ref) turn.unref();
  };
  // A loop that was blocked finds its timers due before it looks at its sockets: one turn more.
  const timer = setTimeout(later, timeoutMs, 'silent');
  if (!ref) timer.unref();
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    heard += chunk;
    if (heard.length < STATUS_LINE_CHARS) return;
    // 0: somebody who does not speak HTTP.
    end(Number(STATUS_LINE.exec(heard)?.[1] ?? 0));
  });
  socket.on('end', () => end('silent'));
  socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
    end(NOBODY.has(code) ? 'refused' : HUNG_UP.has(code) ? 'silent' : 'unknown');
  });
  const host = url.hostname.replace(/^\[|\]$/g, '');
  try {
    atOnce(() => socket.connect({ host, port: Number(url.port || 80) }));
    if (!ref) socket.unref();
    socket.write(headOf(method, url), 'latin1');
  } catch {
    // No socket to be had, or somebody else's patch of `connect`.
    later('unknown');
  }
  return giveUp;
}

function headOf(method: string, { pathname, search, host }: URL): string {
  const lines = [
    `${method} ${pathname}${search} HTTP/1.1`,
    `host: ${host}`,
    'user-agent: tagalong',
  ];
  if (method === 'POST') lines.push('content-length: 0');
  return `${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`;
}
