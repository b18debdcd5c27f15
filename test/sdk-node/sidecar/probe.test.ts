import { subscribe } from 'node:diagnostics_channel';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Sign } from '../../../sdk-node/src/sidecar/machine.js';
import { ask } from '../../../sdk-node/src/sidecar/probe.js';
import { freePort } from './proxy.js';

const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server that treats each connection as told; its URL. */
async function serving(
  treat: (socket: Socket, heard: string) => void,
  host = '127.0.0.1',
): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.setEncoding('latin1').on('data', (heard: string) => treat(socket, heard));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  ends.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/healthz/ready?a=b`;
}

function signOf(url: string, timeoutMs = 500): Promise<Sign> {
  return new Promise((resolve) => {
    ask({ method: 'GET', url: new URL(url), timeoutMs, ref: true }, resolve);
  });
}

const answer = (status: number) => `HTTP/1.1 ${status} Whatever\r\ncontent-length: 0\r\n\r\n`;

describe('probe', () => {
  it.each([200, 404, 503])('hears status %i', async (status) => {
    const url = await serving((socket) => socket.write(answer(status)));
    expect(await signOf(url)).toBe(status);
  });

  it('asks over IPv6', async () => {
    const url = await serving((socket) => socket.write(answer(200)), '::1');
    expect(await signOf(url)).toBe(200);
  });

  it('asks in full, on a connection that is not kept', async () => {
    let asked = '';
    const url = await serving((socket, heard) => {
      asked += heard;
      socket.write(answer(200));
    });
    await signOf(url);
    expect(asked).toBe(
      `GET /healthz/ready?a=b HTTP/1.1\r\nhost: ${new URL(url).host}\r\nuser-agent: tagalong\r\nconnection: close\r\n\r\n`,
    );
  });

  it('puts an answer together that comes in pieces', async () => {
    const url = await serving((socket) => {
      for (const [i, char] of [...answer(503)].entries()) {
        setTimeout(() => socket.writable && socket.write(char), i);
      }
    });
    expect(await signOf(url, 5_000)).toBe(503);
  });

  it.each([
    'SSH-2.0-OpenSSH_9.6\r\n',
    'HTTP/2.0 200 OK\r\n',
    'HTTP/1.1 2000 OK\r\n',
    '\0'.repeat(64),
  ])('takes %j for no sidecar that is ready', async (text) => {
    const url = await serving((socket) => socket.write(text));
    expect(await signOf(url)).toBe(0);
  });

  it('is refused where nobody listens', async () => {
    expect(await signOf(`http://127.0.0.1:${await freePort()}/`)).toBe('refused');
    expect(await signOf(`http://[::1]:${await freePort()}/`)).toBe('refused');
  });

  it('takes for silence: no answer, half an answer, an end, a reset', async () => {
    expect(await signOf(await serving(() => {}), 50)).toBe('silent');
    expect(await signOf(await serving((socket) => socket.write('HTTP/1.1 20')), 50)).toBe('silent');
    expect(await signOf(await serving((socket) => socket.end('HTTP/1.1 20')))).toBe('silent');
    expect(await signOf(await serving((socket) => socket.resetAndDestroy()))).toBe('silent');
  });

  it('keeps its time', async () => {
    const startMs = performance.now();
    expect(await signOf(await serving(() => {}), 200)).toBe('silent');
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(199);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });

  // Symptom: an application that computes for a second made its ready sidecar look dead.
  it('does not take a loop that was blocked for a silent sidecar', async () => {
    // Answered, and then the loop stops: the timer is due before the answer can be read.
    const url = await serving((socket) => {
      socket.write(answer(200));
      const untilMs = performance.now() + 200;
      while (performance.now() < untilMs);
    });
    expect(await signOf(url, 100)).toBe(200);
  });

  it('calls back once, and not at all when given up', async () => {
    const heard: Sign[] = [];
    const url = new URL(await serving((socket) => socket.end(answer(200) + answer(200))));
    const question = { method: 'GET', url, timeoutMs: 50, ref: true } as const;
    ask(question, (sign) => heard.push(sign));
    const giveUp = ask(question, () => heard.push('unknown'));
    giveUp();
    // Asked last and given as long: silence here comes after all that the first two might yet say.
    const silent = await serving(() => {});
    expect(await signOf(silent, question.timeoutMs)).toBe('silent');
    expect(heard).toEqual([200]);
  });

  it('is not seen by those who watch http clients', async () => {
    const seen: string[] = [];
    for (const name of ['http.client.request.start', 'undici:request:create']) {
      subscribe(name, () => seen.push(name));
    }
    await signOf(await serving((socket) => socket.write(answer(200))));
    expect(seen).toEqual([]);
  });
});
