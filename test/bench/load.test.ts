// The load generator, as a process of its own, against servers that misbehave in a known way.
// They share this machine with all other tests: what a time must be at least is exact; what it may
// be at most is generous, or tried again.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faultOf, LoadGenerator, percentiles } from '../../bench/src/load/index.js';
import { until } from '../harness/ecds.js';
import { requestBytes } from '../harness/pressure.js';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-tag: a\r\n\r\nok';
/** What a machine that does something else may add to a time. */
const SLACK_MS = 500;

/** For what a busy machine can spoil. */
const AGAIN = { retry: 4 };

/** A request as the server saw it. */
interface Seen {
  /** From 0, over all connections. */
  readonly number: number;
  readonly path: string;
  readonly socket: Socket;
  answer(text?: string): void;
}

const servers: Server[] = [];

/** @returns its port */
async function serve(handle: (seen: Seen) => void): Promise<number> {
  let number = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    let rest = '';
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      const parts = (rest + piece.toString('latin1')).split('\r\n\r\n');
      rest = parts.pop()!;
      for (const part of parts) {
        const path = part.split(' ')[1] ?? '';
        handle({ number: number++, path, socket, answer: (text = OK) => void socket.write(text) });
      }
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

let load: LoadGenerator;
beforeAll(async () => {
  load = await LoadGenerator.start();
});
afterAll(() => load.stop());

const requests = [{ bytes: requestBytes('/') }];
const paths = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ bytes: requestBytes(`/${i}`) }));

const SOUND = { wrong: 0, lost: 0, closed: 0 };

describe('an open load', () => {
  it('keeps its rate to one in a hundred, however many connections there are', AGAIN, async () => {
    const port = await serve(({ answer }) => answer());
    for (const pace of ['uniform', 'poisson'] as const) {
      const options = { port, requests, rate: 500, seconds: 2, connections: 20, pace };
      const report = await load.open(options);
      expect(report).toMatchObject({ ...SOUND, sent: 1000, answered: 1000 });
      expect(report.statuses).toEqual({ 200: 1000 });
      expect(Math.abs(report.sentRate / 500 - 1)).toBeLessThan(0.01);
      expect(faultOf(report)).toBeUndefined();
    }
  });

  it('counts a stall for all that were due in it', async () => {
    const stallMs = 200;
    let held: Seen[] | undefined;
    const port = await serve((seen) => {
      if (seen.number === 200) {
        held = [];
        setTimeout(() => {
          for (const one of held!) one.answer();
          held = undefined;
        }, stallMs);
      }
      if (held === undefined) seen.answer();
      else held.push(seen);
    });
    // Of 500 requests, 100 are due in the stall. Four of them are on their way, and a load that
    // times from the real send would see those alone: less than one in a hundred.
    const report = await load.open({ port, requests, rate: 500, seconds: 1, connections: 4 });
    expect(report).toMatchObject({ ...SOUND, answered: 500 });
    const [p80, p90, p99] = percentiles(report.latency, [79, 90, 99]) as [number, number, number];
    expect(report.latency.max / 1000).toBeGreaterThan(stallMs - 5);
    expect(report.latency.max / 1000).toBeLessThan(stallMs + SLACK_MS);
    // A request that was due t ms before the end waited for t ms.
    expect(p99 / 1000).toBeGreaterThan(stallMs - 20);
    expect(p90 / 1000).toBeGreaterThan(stallMs / 2 - 10);
    expect(p80).toBeLessThan(p90);
    expect(report.latency.p999).toBeGreaterThanOrEqual(p99);
    expect(report.queued).toBeGreaterThan(80);
  });

  it('has the percentiles that the server caused', AGAIN, async () => {
    const holdsMs: number[] = [];
    const port = await serve(({ number, answer }) => {
      const startMs = performance.now();
      const wait = number % 100 === 0 ? 120 : number % 10 === 0 ? 60 : 15;
      setTimeout(() => {
        answer();
        holdsMs.push(performance.now() - startMs);
      }, wait);
    });
    const report = await load.open({ port, requests, rate: 300, seconds: 2, connections: 100 });
    expect(report).toMatchObject({ ...SOUND, answered: 600 });
    holdsMs.sort((a, b) => a - b);
    for (const percentile of [10, 50, 89, 95, 99.5]) {
      const heldMs = holdsMs[Math.ceil((percentile / 100) * holdsMs.length) - 1]!;
      const [us = 0] = percentiles(report.latency, [percentile]);
      expect(us / 1000).toBeGreaterThan(heldMs * 0.999 - 0.1);
      expect(us / 1000).toBeLessThan(heldMs + 40);
    }
  });

  it('sends on the connection that is free for longest', async () => {
    const ports: (number | undefined)[] = [];
    const port = await serve(({ socket, answer }) => {
      ports.push(socket.remotePort);
      answer();
    });
    await load.open({ port, requests, rate: 200, seconds: 0.2, connections: 4 });
    expect(ports).toHaveLength(40);
    expect(new Set(ports).size).toBe(4);
    for (const one of new Set(ports))
      expect(ports.filter((other) => other === one).length).toBe(10);
  });

  it('tells of its own lateness', AGAIN, async () => {
    const stopMs = 150;
    const port = await serve(({ number, answer }) => {
      if (number === 100) {
        process.kill(load.pid!, 'SIGSTOP');
        setTimeout(() => process.kill(load.pid!, 'SIGCONT'), stopMs);
      }
      answer();
    });
    const report = await load.open({ port, requests, rate: 500, seconds: 1, connections: 200 });
    expect(report).toMatchObject({ ...SOUND, answered: 500 });
    // 75 of 500 requests were due while it did not run, and had a free connection.
    expect(report.lateness.p99 / 1000).toBeGreaterThan(stopMs - 20);
    expect(report.lateness.max / 1000).toBeLessThan(stopMs + SLACK_MS);
    expect(percentiles(report.lateness, [10])[0]).toBeLessThan(5_000);
    expect(report.latency.p99 / 1000).toBeGreaterThan(stopMs - 20);
    // The answer that came meanwhile lay unread.
    expect(report.unread.max / 1000).toBeGreaterThan(stopMs - 20);
    expect(percentiles(report.unread, [10])[0]).toBeLessThan(5_000);
    expect(report.latency.count).toBe(500);
  });
});

describe('a paced load', () => {
  it('sends so many at the rate', AGAIN, async () => {
    const port = await serve(({ answer }) => answer());
    const report = await load.paced({ port, requests, rate: 1000, count: 2000, connections: 20 });
    expect(report).toMatchObject({ ...SOUND, sent: 2000, answered: 2000 });
    expect(Math.abs(report.sentRate / 1000 - 1)).toBeLessThan(0.01);
    // It sleeps between sends.
    expect(report.cpuSeconds).toBeLessThan(report.seconds / 2);
  });
});

describe('a closed load', () => {
  it('sends so many, in turn, and has one under way on each connection', async () => {
    const seen = new Map<string, number>();
    const underWay = new Map<Socket, number>();
    let most = 0;
    const port = await serve(({ path, socket, answer }) => {
      seen.set(path, (seen.get(path) ?? 0) + 1);
      underWay.set(socket, (underWay.get(socket) ?? 0) + 1);
      most = Math.max(most, underWay.get(socket)!);
      setImmediate(() => {
        underWay.set(socket, underWay.get(socket)! - 1);
        answer();
      });
    });
    const report = await load.closed({ port, requests: paths(10), count: 1000, connections: 7 });
    expect(report).toMatchObject({ ...SOUND, sent: 1000, answered: 1000 });
    expect([...seen.values()]).toEqual(Array(10).fill(100));
    expect([underWay.size, most]).toEqual([7, 1]);
    expect(report.rate).toBeCloseTo(1000 / report.seconds, 6);
    expect(report.cpuSeconds).toBeGreaterThan(0);
  });

  it('has two under way at a depth of 2', async () => {
    const waiting = new Map<Socket, Seen[]>();
    let count = 0;
    // Answers when both are there, in one piece: a depth of 1 would never be answered.
    const port = await serve((seen) => {
      const all = waiting.get(seen.socket) ?? [];
      waiting.set(seen.socket, [...all, seen]);
      if (all.length === 0) return;
      waiting.delete(seen.socket);
      count += 2;
      seen.answer(OK + OK);
    });
    const report = await load.closed({
      ...{ port, requests: paths(5), connections: 4, depth: 2, count: 800, silenceMs: 2_000 },
    });
    expect(report).toMatchObject({ ...SOUND, answered: 800 });
    expect(count).toBe(800);
  });

  it('ends when its time is over', async () => {
    const port = await serve(({ answer }) => answer());
    const report = await load.closed({ port, requests, seconds: 0.3, connections: 3 });
    expect(report).toMatchObject({ ...SOUND, answered: report.sent });
    expect(report.seconds).toBeGreaterThanOrEqual(0.3);
    expect(report.seconds).toBeLessThan(0.3 + SLACK_MS / 1000);
  });

  it('has a bound, and a depth of at most 2', async () => {
    const options = { port: 1, requests, connections: 1 };
    await expect(load.closed(options)).rejects.toThrow('a closed load has a count or seconds');
    await expect(load.closed({ ...options, count: 1, depth: 3 })).rejects.toThrow('at most 2');
    await expect(load.closed({ ...options, count: 1, connections: 0 })).rejects.toThrow(
      'connections is above 0; it was 0',
    );
  });
});

describe('what goes wrong', () => {
  it('is a wrong answer', async () => {
    const port = await serve(({ path, answer }) =>
      answer(path === '/3' ? OK.replace('200 OK', '503 No') : path === '/5' ? `${OK}` : OK),
    );
    const [at3, at5] = [3, 5];
    const some = paths(10).map((request, i) =>
      i === at5 ? { ...request, expect: { contains: ['x-tag: b'] } } : request,
    );
    const options = { port, requests: some, connections: 2, count: 100 };
    const report = await load.closed({ ...options, expect: { contains: ['x-tag: a', 'ok'] } });
    expect(report).toMatchObject({ answered: 100, wrong: 20, lost: 0, closed: 0 });
    expect(report.statuses).toEqual({ 200: 90, 503: 10 });
    expect(report.firstWrong).toContain(`GET /${at3} `);
    expect(report.firstWrong).toContain('503 No');
    expect(faultOf(report)).toMatch(/^20 wrong answers, the first:\nGET /);
  });

  it('is an answer to nothing, or one that cannot be read', async () => {
    const twice = await serve(({ number, answer }) => answer(number === 5 ? OK + OK : OK));
    expect(await load.closed({ port: twice, requests, count: 20, connections: 1 })).toMatchObject({
      ...{ answered: 20, wrong: 1, lost: 0, firstWrong: OK },
    });
    const odd = await serve(({ number, answer }) => answer(number === 5 ? 'what?\r\n\r\n' : OK));
    const report = await load.closed({ port: odd, requests, count: 20, connections: 1 });
    expect(report).toMatchObject({ sent: 20, answered: 19, wrong: 1, lost: 1 });
    expect(report.firstWrong).toContain('what?');
  });

  it.each(['open', 'paced', 'closed'] as const)('is a connection that closes: %s', async (kind) => {
    const port = await serve(({ number, socket, answer }) => {
      if (number % 20 === 10) socket.destroy();
      else answer();
    });
    const shape = { connections: 4, count: 100, rate: 200, seconds: 0.5 };
    // What it owed is not waited for.
    const options = { port, requests, ...shape, silenceMs: 60_000 };
    const report = await load[kind]({ ...options, ...(kind === 'closed' ? { seconds: 20 } : {}) });
    expect(report).toMatchObject({ sent: 100, answered: 95, wrong: 0, lost: 5, closed: 5 });
    expect(faultOf(report)).toBe('5 requests without an answer, 5 connections closed');
  });

  it.each(['open', 'paced', 'closed'] as const)('is a server that is silent: %s', async (kind) => {
    const port = await serve(({ number, answer }) => {
      if (number < 10) answer();
    });
    const options = { port, requests, connections: 4, count: 40, rate: 200, silenceMs: 300 };
    const seconds = kind === 'closed' ? 20 : 0.2;
    const report = await load[kind]({ ...options, seconds });
    expect(report).toMatchObject({ sent: 14, answered: 10, lost: 30, closed: 0 });
  });

  it('is nobody there', async () => {
    const port = await serve(() => {});
    await new Promise((resolve) => servers.pop()!.close(resolve));
    const error = load.closed({ port, requests, connections: 2, count: 1 });
    await expect(error).rejects.toThrow(/^2 of 2 connections to .* failed: .*ECONNREFUSED/);
  });

  it('is another load at the same time', async () => {
    const port = await serve(({ answer }) => answer());
    const options = { port, requests, connections: 1, count: 1 };
    const first = load.closed(options);
    await expect(load.closed(options)).rejects.toThrow('another load is running');
    expect(await first).toMatchObject({ answered: 1 });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the process', () => {
  it.skipIf(spawnSync('taskset', ['--version']).error !== undefined)('is pinned', async () => {
    const pinned = await LoadGenerator.start({ core: 0 });
    const status = readFileSync(`/proc/${pinned.pid}/status`, 'utf8');
    expect(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1]).toBe('0');
    expect(pinned.core).toBe(0);
    await pinned.stop();
    await expect(LoadGenerator.start({ core: 4_000 })).rejects.toThrow(
      'on core 4000 ended with code 1; it said: taskset: ',
    );
  });

  it('ends when it is told to, and then its load fails', async () => {
    const port = await serve(() => {});
    const one = await LoadGenerator.start();
    const options = { port, requests, connections: 1, count: 1 };
    const [running] = await Promise.allSettled([one.closed(options), one.stop()]);
    expect(String(running.status === 'rejected' && running.reason)).toContain('ended with SIGKILL');
    expect(isAlive(one.pid!)).toBe(false);
    await expect(one.closed(options)).rejects.toThrow('the load generator ended');
    await one.stop();
  });

  it('ends with its parent, in the middle of a load', async () => {
    let count = 0;
    const port = await serve(({ answer }) => {
      count++;
      answer();
    });
    const code = `
      import { LoadGenerator } from ${JSON.stringify(import.meta.resolve('../../bench/src/load/index.ts'))};
      const load = await LoadGenerator.start();
      console.log(load.pid);
      const requests = [{ bytes: Buffer.from('GET / HTTP/1.1\\r\\n\\r\\n') }];
      await load.open({ port: ${port}, requests, rate: 100, seconds: 60, connections: 2 });`;
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', code];
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const parent = spawn(process.execPath, args, { stdio: [...stdio] });
    const [line] = await once(createInterface(parent.stdout), 'line');
    await until('requests come', async () => count > 10);
    expect(isAlive(Number(line))).toBe(true);
    parent.kill('SIGKILL');
    await until('it has ended', async () => !isAlive(Number(line)));
  });
});
