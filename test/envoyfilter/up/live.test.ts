// `tagalong up` with a real Envoy, real services, and an editor that saves the policy.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { send } from '../../harness/client.js';
import { until } from '../../harness/ecds.js';
import { type Echo, type EchoServer, startEchoServer } from '../../harness/echo-server.js';
import { tagalong } from '../cli/fake-terminal.js';
import { Operator } from './operator.js';

const POLICY = `apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: gateway
      tags:
        - header: x-traffic-tag
          rules: [{name: testers, when: {header: x-user-group, exact: internal}, value: canary}]
          default: stable # of the filter
      limits: [{name: login, when: {path: {exact: /login}}, rate: 1/h, burst: 1}]
  routes:
    - host: reviews
      tag: x-traffic-tag
      versions: {stable: {version: v1}, canary: {version: v2}}
      default: stable # of the route
`;
const TESTER: [string, string] = ['x-user-group', 'internal'];

let stable: EchoServer;
let canary: EchoServer;
let folder: string;
let file: string;
const running: Operator[] = [];

beforeEach(async () => {
  stable = await startEchoServer('stable');
  canary = await startEchoServer('canary');
  folder = await mkdtemp(join(tmpdir(), 'tagalong-up-test-'));
  file = join(folder, 'policy.yaml');
  // What it leaves behind would be in it.
  vi.stubEnv('TMPDIR', folder);
  await writeFile(file, POLICY);
});
afterEach(async () => {
  for (const operator of running.splice(0)) await operator.stop();
  vi.unstubAllEnvs();
  await Promise.all([stable.close(), canary.close()]);
  await rm(folder, { recursive: true, force: true });
});

function up(...more: string[]): Operator {
  const versions = [
    ...['--version', `stable=127.0.0.1:${stable.port}`],
    ...['--version', `canary=127.0.0.1:${canary.port}`],
  ];
  const operator = new Operator(['-f', 'policy.yaml', ...versions, '--port', '0', ...more], folder);
  running.push(operator);
  return operator;
}

/** As editors save: another file in the place of the old one. */
async function save(text: string): Promise<void> {
  await writeFile(`${file}~`, text);
  await rename(`${file}~`, file);
}

/** The service that answered, else the status. */
async function answered(port: number, path = '/', ...headers: [string, string][]) {
  const { status, body } = await send({ port, path, headers });
  return status === 200 ? (JSON.parse(body) as Echo).service : status;
}

describe('tagalong up', () => {
  it('routes by the tag, says so of each request, and leaves nothing behind', async () => {
    const operator = up();
    const port = await operator.port();
    expect(await answered(port, '/a')).toBe('stable');
    expect(await answered(port, '/b?c=d', TESTER)).toBe('canary');
    expect(await answered(port, '/login')).toBe('stable');
    expect(await answered(port, '/login')).toBe(429);
    await operator.reads(/429 /);
    const lines = operator.out.split('\n').map((line) => line.replace(/ {2}\d+ ms$/, ''));
    expect(lines).toEqual([
      `200  GET /a  x-traffic-tag: stable → reviews/stable (127.0.0.1:${stable.port})`,
      `200  GET /b?c=d  x-traffic-tag: canary → reviews/canary (127.0.0.1:${canary.port})`,
      `200  GET /login  x-traffic-tag: stable → reviews/stable (127.0.0.1:${stable.port})`,
      '429  GET /login  no tag → answered by a limit',
      '',
    ]);
    expect((await readdir(folder)).length).toBeGreaterThan(1);
    expect(await operator.stop()).toBe(0);
    expect(await readdir(folder)).toEqual(['policy.yaml']);
    await expect(answered(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('leaves nothing behind where it is killed', async () => {
    const bin = fileURLToPath(new URL('../../../envoyfilter/src/bin.ts', import.meta.url));
    const versions = ['stable=127.0.0.1:1', 'canary=127.0.0.1:1'].flatMap((it) => [
      '--version',
      it,
    ]);
    const args = ['--import', import.meta.resolve('tsx'), bin, 'up', '-f', file, ...versions];
    const env = { ...process.env, TMPDIR: folder };
    const child = spawn(process.execPath, [...args, '--port', '0'], { env });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    // Compiled on the way, beside other tests.
    await until('it is ready', async () => said.includes('ready '), 25_000);
    const { port = '' } = /127\.0\.0\.1:(?<port>\d+)\/ {2}shop/.exec(said)?.groups ?? {};
    child.kill('SIGKILL');
    await until('Envoy is gone', async () => {
      return await answered(Number(port)).then(
        () => false,
        () => true,
      );
    });
    await until('all is removed', async () => {
      const left = (await readdir(folder)).filter((name) => name.startsWith('tagalong-'));
      return left.length === 0;
    });
  }, 60_000);

  it('replaces a filter in the running Envoy when the file changes', async () => {
    const operator = up('--watch');
    const port = await operator.port();
    const [, admin] = await operator.reads(/(http:\/\/\S+)\/ {2}Envoy's admin/);
    await save(POLICY.replace('stable # of the filter', 'canary'));
    await operator.reads(/the filters are replaced/);
    await until('the filter is replaced', async () => (await answered(port)) === 'canary');
    const info = await send({ port: Number(new URL(admin!).port), path: '/ready' });
    expect(info.body).toContain('LIVE');
  });

  it('runs an Envoy in which doctor finds nothing wrong', async () => {
    const operator = up();
    await answered(await operator.port());
    const [, admin = ''] = await operator.reads(/(http:\/\/\S+)\/ {2}Envoy's admin/);
    const { code, out } = await tagalong(['doctor', '--admin', admin, '-f', file]);
    expect(out).toMatch(/no problem found\.\n$/);
    expect(code).toBe(0);
  });

  it('starts Envoy again when routes change', async () => {
    const operator = up('--watch');
    await operator.port();
    await save(POLICY.replace('stable # of the route', 'canary').replace('default: stable #', '#'));
    expect(await answered(await operator.port(2))).toBe('canary');
  });

  it('keeps what is in force while the file is wrong', async () => {
    const operator = up('--watch');
    const port = await operator.port();
    await save(POLICY.replace('rules:', 'rulez:'));
    await operator.reads(/Not reloaded: 1 fault/);
    expect(operator.said).toContain('rulez');
    expect(await answered(port, '/', TESTER)).toBe('canary');
    await save(POLICY.replace('exact: internal', 'exact: external'));
    await operator.reads(/the filters are replaced/);
    await until('it is mended', async () => (await answered(port, '/', TESTER)) === 'stable');
  });

  it('explains each request where told to', async () => {
    const operator = up('--explain');
    await answered(await operator.port(), '/', TESTER);
    await operator.reads(/^ {5}shop\/shop\/0: tag "x-traffic-tag" rule "testers": matched$/m);
  });

  it('says it to programs as a line of JSON', async () => {
    const operator = up('--format', 'json');
    await answered(await operator.port(), '/a', TESTER);
    const [line] = await operator.reads(/^\{.*\}$/m);
    expect(JSON.parse(line)).toMatchObject({
      method: 'GET',
      path: '/a',
      status: 200,
      tags: { 'x-traffic-tag': 'canary' },
      route: 'reviews/canary',
      version: 'reviews/canary',
    });
  });

  it('says that a service is down, before and when it is asked', async () => {
    await canary.close();
    const operator = up();
    const port = await operator.port();
    expect(operator.said).toMatch(/warning: reviews\/canary at 127\.\S+: nobody listens there\./);
    expect(await answered(port, '/', TESTER)).toBe(503);
    await operator.reads(/^503 .* reviews\/canary at 127\.\S+, which cannot be reached \(/m);
  });

  it('says that another version answers for one that is down', async () => {
    await canary.close();
    await save(`${POLICY}      fallback: stable\n`);
    const operator = up();
    expect(await answered(await operator.port(), '/', TESTER)).toBe('stable');
    await operator.reads(/^200 .* canary → reviews\/canary, which is down → reviews\/stable/m);
  });
});

describe('tagalong up refuses', () => {
  it('a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const operator = up('--port', String(port));
    expect(await operator.ends()).toBe(1);
    expect(operator.said).toContain(`Port ${port} of 127.0.0.1 is taken: another with --port`);
    await new Promise((resolve) => server.close(resolve));
  });

  it('to go on without an Envoy, and says how to get one', async () => {
    const versions = ['--version', 'stable=127.0.0.1:1', '--version', 'canary=127.0.0.1:1'];
    const env = { ...process.env, ENVOY: join(folder, 'none') };
    const args = ['-f', 'policy.yaml', ...versions, '--port', '0'];
    const operator = new Operator(args, folder, env);
    expect(await operator.ends()).toBe(1);
    expect(operator.said).toMatch(/\$ENVOY[\s\S]*What helps, any one:/);
  });

  it('versions that the policy does not have, and the lack of one', async () => {
    const none = new Operator(['-f', 'policy.yaml', '--version', 'beta=a:1'], folder);
    expect(await none.ends()).toBe(2);
    expect(none.said).toContain(
      'found "beta", wanted a version of the policy: reviews/stable, reviews/canary',
    );
    const one = new Operator(['-f', 'policy.yaml', '--version', 'stable=a:1'], folder);
    expect(await one.ends()).toBe(2);
    expect(one.said).toContain('No address for reviews/canary');
  });

  it('to watch the standard input', async () => {
    const operator = new Operator(['-f', '-', '--version', 'a=b:1', '--watch'], folder);
    expect(await operator.ends()).toBe(2);
    expect(operator.said).toContain('--watch: found "-"');
  });
});
