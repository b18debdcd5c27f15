// `npm start`, as a person runs it: the tour on real Envoys and on the embedded host, and Ctrl-C.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { send } from '../harness/client.js';

const MAIN = fileURLToPath(new URL('../demo/main.ts', import.meta.url));
const DEADLINE_MS = 60_000;

interface Demo {
  readonly child: ChildProcess;
  text(): string;
  /** Resolves once the output matches. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  ended: Promise<number>;
}

let running: Demo | undefined;
afterEach(() => {
  running?.child.kill('SIGKILL');
  running = undefined;
});

function start(...args: string[]): Demo {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number);
  const until = async (pattern: RegExp) => {
    await expect.poll(() => pattern.test(text), { timeout: DEADLINE_MS }).toBe(true);
    return pattern.exec(text) as RegExpExecArray;
  };
  running = { child, text: () => text, until, ended };
  return running;
}

/** Every process that descends from one, itself left out; from /proc. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]));
    } catch {
      // It ended while we looked.
    }
  }
  const below = (one: number): number[] =>
    [...parents].filter(([, parent]) => parent === one).flatMap(([at]) => [at, ...below(at)]);
  return below(pid);
}

function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

describe('npm start', () => {
  it.each([
    ['real Envoys', []],
    ['the embedded host', ['--host', 'embedded']],
  ] as [string, string[]][])('takes the tour on %s and ends with 0', async (_host, args) => {
    const demo = start('--once', ...args);
    expect(await demo.ended).toBe(0);
    expect(demo.text().match(/ {2}ok$/gm)).toHaveLength(13);
    expect(demo.text()).toMatch(/tag stable \(stripped, default\) -> reviews v1/);
    expect(demo.text()).toMatch(/tagalong_tag_total\{.*rule="testers",value="canary".*\} 2/);
    expect(demo.text()).toMatch(/tag canary \(checkout-quarter\) -> reviews v2/);
    expect(demo.text()).toMatch(
      /x-request-id only -> ratings got tag=canary\n +and traceparent=00-/,
    );
    expect(demo.text()).toMatch(/5 at once, and one more -> 429 \(login\), again in \d+ s: Five/);
    expect(demo.text()).toMatch(
      /2 at once, and one more -> 429 \(canary-reports\), again in \d+ s:/,
    );
    // Hosts differ in the order of labels.
    expect(demo.text()).toMatch(
      /tagalong_limit_total\{(?=.*outcome="limited")(?=.*limit="canary-reports").*\} 1$/m,
    );
    expect(demo.text()).not.toMatch(/WRONG/);
    // In a pipe there is no colour.
    expect(demo.text()).not.toContain('\u001b[');
  });

  it('stays up, answers its own curl line, and leaves no process behind at Ctrl-C', async () => {
    const demo = start();
    const [, port] = await demo.until(/curl -i -b beta=1 http:\/\/127\.0\.0\.1:(\d+)\//);
    const answer = await send({ port: Number(port), headers: [['cookie', 'beta=1']] });
    expect(JSON.parse(answer.body)).toMatchObject({ reviews: { version: 'v2', tag: 'canary' } });

    const children = descendants(demo.child.pid ?? 0);
    expect(children.length).toBeGreaterThanOrEqual(8);
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(0);
    await expect.poll(() => children.filter(alive), { timeout: 10_000 }).toEqual([]);
  });

  it('leaves no process behind when it is stopped while it starts', async () => {
    const demo = start();
    await demo.until(/^Envoy 1\./m);
    await expect
      .poll(() => descendants(demo.child.pid ?? 0).length, { timeout: DEADLINE_MS })
      .toBeGreaterThanOrEqual(3);
    const children = descendants(demo.child.pid ?? 0);
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(130);
    await expect.poll(() => children.filter(alive), { timeout: 10_000 }).toEqual([]);
  });

  it('goes on without Envoy where none can be had, and says so', async () => {
    const demo = spawn(process.execPath, ['--import', 'tsx', MAIN, '--once'], {
      env: { ...process.env, ENVOY: '/nowhere/envoy' },
    });
    let text = '';
    for (const stream of [demo.stdout, demo.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
    }
    const [code] = await once(demo, 'close');
    expect(text).toMatch(/\/nowhere\/envoy/);
    expect(text).toMatch(/embedded V8 host/);
    expect(code).toBe(0);
  });

  it('answers a wrong argument with its usage', async () => {
    const demo = start('--host', 'docker');
    expect(await demo.ended).toBe(2);
    expect(demo.text()).toMatch(/found "docker", wanted envoy or embedded/);
  });
});
