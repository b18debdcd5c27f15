// The load that other tests rely on: it loses nothing in a real Envoy, it counts what Envoy counts,
// and no server keeps it from ending.

import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { bootstrap } from '../harness/bootstrap.js';
import { Pressure, type PressureOptions, requestBytes } from '../harness/pressure.js';
import { ResponseScanner } from '../harness/response-scanner.js';
import { deviation, deviations, Tally } from '../harness/tally.js';

const LISTENER = 'direct';
/** A tenth of what an idle machine of two cores does. */
const OFFERED_MIN = 5_000;

function answer(path: string, status: number): object {
  const direct_response = { status, body: { inline_string: 'short' } };
  return { match: { prefix: path }, direct_response };
}

const shots = ['/yes', '/yes', '/no'].map((path) => ({ label: path, bytes: requestBytes(path) }));
const shot: PressureOptions['shot'] = (turn) => shots[turn % shots.length]!;

describe('pressure on Envoy', () => {
  it('loses nothing, and counts what Envoy counts', async () => {
    const { path } = await findEnvoy({ version: '1.40.0' });
    const routes = [answer('/yes', 200), answer('/no', 429)];
    const envoy = await startEnvoy({
      path,
      concurrency: 4,
      bootstrap: bootstrap([{ name: LISTENER, filters: [], routes }], []),
    });
    try {
      const { port } = await envoy.listener(LISTENER);
      const report = await Pressure.start({ port, shot, durationMs: 1_500 }).ended;
      const { tally, sent } = report;
      expect(report).toMatchObject({
        answered: sent,
        lost: 0,
        closed: 0,
        unreadable: 0,
        silent: 0,
      });
      expect(report.offered).toBeGreaterThan(OFFERED_MIN);
      expect(report.offered).toBeCloseTo(sent / report.seconds);
      expect(tally.count({ label: '/yes', status: 200 })).toBe(sent - Math.floor(sent / 3));
      expect(tally.count({ label: '/no', status: 429 })).toBe(Math.floor(sent / 3));
      const stats = await envoy.admin.stats(`^http\\.${LISTENER}\\.downstream_(rq_.xx|cx_total)$`);
      const counted = (name: string) => stats.get(`http.${LISTENER}.downstream_${name}`);
      expect(counted('rq_2xx')).toBe(tally.count({ status: 200 }));
      expect(counted('rq_4xx')).toBe(tally.count({ status: 429 }));
      expect(counted('cx_total')).toBe(64);
    } finally {
      await envoy.stop();
    }
  });
});

describe('pressure on a server that', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    server?.close();
    server = undefined;
  });

  /** The server is told of each piece that comes. */
  async function load(served: (socket: Socket, turn: number) => void, durationMs = 400) {
    let turn = 0;
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('data', () => served(socket, turn++));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const begunMs = performance.now();
    const options = { connections: 4, depth: 1, silenceMs: 100, durationMs };
    const report = await Pressure.start({ port, shot, ...options }).ended;
    expect(performance.now() - begunMs).toBeLessThan(durationMs + 3_000);
    // Nothing of it is left.
    const connected = sockets.size;
    await delay(60);
    expect(sockets.size).toBe(connected);
    return report;
  }
  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

  it('closes after each answer is connected to again', async () => {
    const { answered, lost, closed } = await load((socket) => socket.end(OK));
    expect(closed).toBeGreaterThan(4);
    expect(answered).toBeGreaterThan(4);
    // The next request, sent before the end was seen.
    expect(lost).toBeLessThanOrEqual(closed + 4);
  });

  it('closes without an answer is connected to again, and what it owes is lost', async () => {
    const { sent, answered, lost, closed } = await load((socket) => socket.destroy());
    expect(answered).toBe(0);
    expect(lost).toBe(sent);
    expect(closed).toBeGreaterThan(4);
  });

  it('says nothing is given up', async () => {
    const { silent, answered, sent, lost } = await load(() => {}, 1_000);
    expect(silent).toBeGreaterThanOrEqual(4);
    expect({ answered, lost }).toEqual({ answered: 0, lost: sent });
  });

  it('says what nobody understands is given up', async () => {
    const { unreadable, answered } = await load((socket) => {
      socket.write('SMTP/1.0 ready\r\n\r\n');
    });
    expect(unreadable).toBeGreaterThanOrEqual(4);
    expect(answered).toBe(0);
  });

  it('says more than it was asked is given up', async () => {
    const { unreadable, answered, sent } = await load((socket) => {
      socket.write(OK + OK);
    });
    expect(unreadable).toBeGreaterThanOrEqual(4);
    expect(answered).toBe(sent);
  });

  it('does not exist is tried until the end', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as { port: number };
    await new Promise((resolve) => gone.close(resolve));
    const report = await Pressure.start({ port, shot, durationMs: 200 }).ended;
    expect(report).toMatchObject({ sent: 0, offered: 0 });
    expect(report.closed).toBeGreaterThan(64);
  });

  it('answers is left when the load is stopped', async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('data', () => socket.write(OK));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const pressure = Pressure.start({ port, shot, depth: 1, durationMs: 60_000 });
    await delay(200);
    const report = await pressure.stop();
    expect(report.sent).toBeGreaterThan(0);
    expect(report).toMatchObject({ answered: report.sent, lost: 0, closed: 0 });
    expect(await pressure.ended).toBe(report);
    await delay(60);
    expect(sockets.size).toBe(64);
  });
});

describe('a scanner of responses', () => {
  const responses = [
    'HTTP/1.1 200 OK\r\nserver: envoy\r\ncontent-length: 5\r\ndate: now\r\n\r\nHTTP/',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.0 503 Service Unavailable\r\ncontent-length: 12\r\n\r\nno\r\n\r\nhealthy',
  ].join('');
  /** Statuses, and `?` where it gives up. */
  function scan(pieces: readonly string[]): (number | '?')[] {
    const scanner = new ResponseScanner();
    const found: (number | '?')[] = [];
    // One buffer for all pieces, as a socket's reader has it.
    const buffer = Buffer.alloc(1024);
    for (const piece of pieces) {
      const size = buffer.fill('#').write(piece, 'latin1');
      if (!scanner.scan(buffer.subarray(0, size), (status) => found.push(status))) found.push('?');
    }
    return found;
  }

  it('reads the same from pieces of every size', () => {
    for (let size = 1; size <= responses.length; size++) {
      const pieces = Array.from({ length: Math.ceil(responses.length / size) }, (_, i) =>
        responses.slice(i * size, (i + 1) * size),
      );
      expect(scan(pieces), `of ${size}`).toEqual([200, 429, 204, 503]);
    }
  });

  it('waits for the end of a body', () => {
    expect(scan(['HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab'])).toEqual([]);
  });

  it.each([
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n',
    'HTTP/1.1 abc\r\ncontent-length: 1\r\n\r\n',
    'content-length: 1\r\n\r\n',
  ])('gives up where a body or a status is not told: %j', (text) => {
    expect(scan([text])).toEqual(['?']);
  });
});

describe('a tally', () => {
  const tally = new Tally(100);
  for (const [label, status, atMs] of [
    ['a', 200, 0],
    ['a', 200, 99.9],
    ['a', 429, 100],
    ['a', 200, 250],
    ['b', 200, 1050],
  ] as const) {
    tally.add(label, status, atMs);
  }

  it('counts by class, status and slice', () => {
    expect(tally.labels).toEqual(['a', 'b']);
    expect(tally.count()).toBe(5);
    expect(tally.count({ label: 'a' })).toBe(4);
    expect(tally.count({ status: 429 })).toBe(1);
    expect(tally.count({ label: 'b', status: 429 })).toBe(0);
    expect(tally.count({ label: 'c' })).toBe(0);
    expect(tally.count({ label: 'a', status: 200, fromMs: 0, toMs: 100 })).toBe(2);
    expect(tally.count({ fromMs: 100 })).toBe(3);
    expect(tally.slices({ label: 'a', status: 200 })).toEqual([2, 0, 1]);
    expect(tally.slices({ label: 'a' })).toEqual([2, 1, 1]);
    expect([...tally.statuses()]).toEqual([
      [200, 4],
      [429, 1],
    ]);
    expect([...tally.statuses('b')]).toEqual([[200, 1]]);
  });

  it('tells how far what was admitted is from what was allowed', () => {
    const limit = { burst: 20, perSecond: 10 };
    expect(deviation(120, limit, 10)).toBeCloseTo(0);
    expect(deviation(126, limit, 10)).toBeCloseTo(0.05);
    expect(deviation(114, limit, 10)).toBeCloseTo(-0.05);
    const found = deviations(tally, () => ({ burst: 2, perSecond: 1 }), 1);
    expect([...found]).toEqual([
      ['a', 0],
      ['b', -1],
    ]);
  });
});
