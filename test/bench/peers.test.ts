// Every competitor does its job in a real Envoy, so that what is measured of it is that job.

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModules, type Source } from '../../bench/src/variants/peers/build.js';
import { PEERS, type Peer } from '../../bench/src/variants/peers/index.js';
import { luaSource } from '../../bench/src/variants/peers/lua.js';
import { SOURCES } from '../../bench/src/variants/peers/peer.js';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { bootstrap, whenHeader } from '../harness/bootstrap.js';
import { send } from '../harness/client.js';

/** Compilers that a machine may lack; the others come with Node, or with Envoy. */
const COMPILERS: Record<string, string> = { 'go sdk': 'go', 'rust sdk': 'rustup' };
const BURST = 2;
const BUCKET = { burst: BURST, refill: 1, everySeconds: 3600 };
/** The first builds: of Go's and Rust's libraries too. */
const BUILD_TIMEOUT_MS = 600_000;

const SEEN = ['x-traffic-tag', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled'] as const;
type Headers = Readonly<Record<string, string>>;

/** What a request was like when it was routed, and where to. */
interface Outcome {
  readonly status: number;
  readonly route: string;
  readonly headers: Headers;
}

function answer(body: string, match: object = {}): object {
  return {
    match: { prefix: '/', ...match },
    direct_response: { status: 200, body: { inline_string: body } },
    response_headers_to_add: SEEN.map((name) => ({
      header: { key: `seen-${name}`, value: `%REQ(${name})%` },
    })),
  };
}

const ROUTES = [answer('canary', whenHeader('x-traffic-tag', 'canary')), answer('stable')];

async function start(listeners: Readonly<Record<string, object[]>>): Promise<EnvoyProcess> {
  const { path } = await findEnvoy();
  const described = Object.entries(listeners).map(([name, filters]) => ({
    ...{ name, filters, routes: ROUTES },
  }));
  return startEnvoy({ path, bootstrap: bootstrap(described, []) });
}

async function ask(envoy: EnvoyProcess, listener: string, headers: Headers): Promise<Outcome> {
  const { port } = await envoy.listener(listener);
  const { status, body, headers: came } = await send({ port, headers: Object.entries(headers) });
  const seen = came
    .filter(([name]) => name.startsWith('seen-'))
    .map(([name, value]) => [name.slice('seen-'.length), value]);
  return { status, route: body, headers: Object.fromEntries(seen) };
}

function isInstalled(compiler: string): boolean {
  try {
    execFileSync('which', [compiler], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function compilerOf({ name }: Peer): string | undefined {
  return Object.entries(COMPILERS).find(([start]) => name.startsWith(start))?.[1];
}

const here = PEERS.filter((peer) => {
  const compiler = compilerOf(peer);
  if (compiler === undefined || isInstalled(compiler)) return true;
  console.warn(`${peer.name} is not tested: ${compiler} is not installed`);
  return false;
});

const doing = (...jobs: readonly string[]) =>
  here.filter(({ job }) => jobs.includes(job)).map((peer) => [peer.name, peer] as const);

/** The listener on which one that does everything has a bucket that a test can empty. */
const limited = (name: string) => `${name}, limited`;

const kept = {
  'x-b3-traceid': '80f198ee56343ba864fe8b2a57d3eff7',
  'x-b3-spanid': 'e457b5a2e4d86bd1',
  'x-b3-sampled': '1',
};

describe('peers', () => {
  let envoy: EnvoyProcess;
  beforeAll(async () => {
    const listeners: Record<string, object[]> = {};
    for (const peer of here) {
      expect(await peer.available(), peer.name).toBeUndefined();
      const limits = peer.job.startsWith('limit');
      listeners[peer.name] = await peer.filters(limits ? BUCKET : undefined);
      if (peer.job === 'everything') listeners[limited(peer.name)] = await peer.filters(BUCKET);
    }
    envoy = await start(listeners);
  }, BUILD_TIMEOUT_MS);
  afterAll(() => envoy?.stop());

  it('have names of their own, and say what they are', async () => {
    expect(new Set(PEERS.map(({ name }) => name)).size).toBe(PEERS.length);
    for (const peer of here) expect(await peer.version()).not.toMatch(/undefined|^$/);
  });

  it.each(doing('tag', 'everything'))('%s: tags the group, and routes by it', async (name) => {
    const group = { 'x-user-group': 'internal' };
    const tagged = { status: 200, route: 'canary', headers: { 'x-traffic-tag': 'canary' } };
    expect(await ask(envoy, name, group)).toEqual(tagged);
    expect(await ask(envoy, name, { ...group, 'x-traffic-tag': 'forged' })).toEqual(tagged);
  });

  it.each(doing('tag', 'everything'))('%s: leaves others as they came', async (name) => {
    for (const group of [{}, { 'x-user-group': 'internal2' }, { 'x-user-group': '' }]) {
      const outcome = { status: 200, route: 'stable', headers: {} };
      expect(await ask(envoy, name, group)).toEqual(outcome);
      const tag = { 'x-traffic-tag': 'other' };
      expect(await ask(envoy, name, { ...group, ...tag })).toEqual({ ...outcome, headers: tag });
    }
  });

  it.each(doing('header'))('%s: writes the tag for everybody', async (name) => {
    const written = { 'x-traffic-tag': 'canary' };
    expect(await ask(envoy, name, {})).toMatchObject({ headers: written });
    expect(await ask(envoy, name, { 'x-traffic-tag': 'forged' })).toMatchObject({
      headers: written,
    });
  });

  it.each(doing('store'))('%s: leaves the request as it came', async (name) => {
    const headers = { ...kept, 'x-traffic-tag': 'canary' };
    const outcome = await ask(envoy, name, { 'x-request-id': randomUUID(), ...headers });
    expect(outcome).toEqual({ status: 200, route: 'canary', headers });
  });

  it.each(doing('restore'))('%s: restores all four, and routes by them', async (name) => {
    const id = { 'x-request-id': randomUUID() };
    const headers = { ...kept, 'x-traffic-tag': 'canary' };
    await ask(envoy, name, { ...id, ...headers });
    expect(await ask(envoy, name, id)).toEqual({ status: 200, route: 'canary', headers });
    const other = { 'x-request-id': randomUUID() };
    expect(await ask(envoy, name, other)).toEqual({ status: 200, route: 'stable', headers: {} });
  });

  it.each(doing('limit'))('%s: lets the burst through, and no more', async (name) => {
    const statuses: number[] = [];
    for (let i = 0; i < BURST + 2; i++) statuses.push((await ask(envoy, name, {})).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
  });

  it.each(doing('everything'))('%s: limits as well', async (name) => {
    const statuses: number[] = [];
    for (let i = 0; i < BURST + 1; i++) {
      statuses.push((await ask(envoy, limited(name), { 'x-user-group': 'internal' })).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });

  it.each(doing('limit keys'))('%s: has a bucket for each user', async (name) => {
    const statuses: number[] = [];
    for (let i = 0; i < 3 * (BURST + 1); i++) {
      statuses.push((await ask(envoy, name, { 'x-user-id': `user-${i % 3}` })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429, 429]);
    expect((await ask(envoy, name, {})).status).toBe(200);
  });
});

describe('the memory of the Lua peers', () => {
  /** Says in the response what is remembered of the request's id, or of another. */
  const PROBE = `
function envoy_on_response(handle)
  local slot = recall(wanted)
  if slot ~= nil then
    local kept = {traces[slot], spans[slot], sampled[slot], tags[slot]}
    handle:headers():add("seen-kept", table.concat(kept, " "))
  end
end`;
  const probed = (script: string) =>
    script.replace('local id = headers:get("x-request-id")', (line) => {
      return `${line}\n  wanted = headers:get("x-wanted") or id`;
    }) + PROBE;

  let envoy: EnvoyProcess;
  beforeAll(async () => {
    const read = (name: string) => readFile(join(SOURCES, 'lua', `${name}.lua`), 'utf8');
    const memory = await read('memory');
    const bounds = (capacity: number, seconds: number) =>
      memory.replace('SECONDS = 8192, 60', `SECONDS = ${capacity}, ${seconds}`);
    const [store, everything] = [probed(await read('store')), probed(await read('everything'))];
    envoy = await start({
      store: [luaSource(memory + store)],
      everything: [luaSource(memory + everything)],
      two: [luaSource(bounds(2, 60) + store)],
      short: [luaSource(bounds(8192, 0) + store)],
    });
  });
  afterAll(() => envoy?.stop());

  async function remembered(listener: string, id: string, headers: Headers): Promise<unknown> {
    const outcome = await ask(envoy, listener, { 'x-request-id': id, ...headers });
    return outcome.headers.kept;
  }

  const text = Object.values(kept).join(' ');

  it('keeps trace and tag under the id of the request', async () => {
    const headers = { ...kept, 'x-traffic-tag': 'other' };
    expect(await remembered('store', 'a', headers)).toBe(`${text} other`);
    expect(await remembered('everything', 'a', headers)).toBe(`${text} other`);
    const group = { ...headers, 'x-user-group': 'internal' };
    expect(await remembered('everything', 'b', group)).toBe(`${text} canary`);
  });

  it('keeps the last of what came with an id', async () => {
    await remembered('store', 'c', { ...kept, 'x-traffic-tag': 'one' });
    expect(await remembered('store', 'c', { ...kept, 'x-traffic-tag': 'two' })).toBe(`${text} two`);
  });

  it('holds as many as it may, and lets the oldest go', async () => {
    const headers = { ...kept, 'x-traffic-tag': 'other' };
    await remembered('two', 'd', headers);
    expect(await remembered('two', 'e', { ...headers, 'x-wanted': 'd' })).toBe(`${text} other`);
    expect(await remembered('two', 'f', { ...headers, 'x-wanted': 'd' })).toBeUndefined();
    expect(await remembered('two', 'f', { ...headers, 'x-wanted': 'e' })).toBe(`${text} other`);
  });

  it('forgets in time', async () => {
    expect(await remembered('short', 'g', { ...kept, 'x-traffic-tag': 'x' })).toBeUndefined();
  });
});

describe('a build', () => {
  let cache: string;
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'tagalong-peers-'));
  });
  afterAll(() => rm(cache, { recursive: true, force: true }));

  const build = (source: Partial<Source>) =>
    buildModules(
      {
        folder: 'lua',
        compiler: ['node', '--version'],
        lines: [['cp', 'tag.lua', 'made']],
        outputs: ['made'],
        ...source,
      },
      { ...process.env, TAGALONG_CACHE: cache },
    );

  it('is built once, also for two at a time, and anew by other commands', async () => {
    const [one, two] = await Promise.all([build({}), build({})]);
    expect(one).toEqual({ home: expect.any(String), compiler: process.version });
    expect(two).toEqual(one);
    expect(await readFile(join(one.home ?? '', 'made'), 'utf8')).toContain('envoy_on_request');
    const other = await build({ lines: [['cp', 'store.lua', 'made']] });
    expect(other.home).not.toBe(one.home);
    expect(await readdir(cache)).toHaveLength(2);
  });

  it('is prepared for where that is needed', async () => {
    const prepare = { line: ['cp', 'memory.lua', 'ready'] };
    const lines = [['mv', 'ready', 'made']];
    const made = await build({ lines, prepare: { ...prepare, unless: async () => false } });
    expect(await readFile(join(made.home ?? '', 'made'), 'utf8')).toContain('CAPACITY');
    await rm(made.home ?? '', { recursive: true });
    const unmade = await build({ lines, prepare: { ...prepare, unless: async () => true } });
    expect(unmade).toEqual({ home: undefined, reason: expect.stringContaining('ready') });
  });

  it('that cannot be built says why, and leaves nothing behind', async () => {
    const before = await readdir(cache);
    const failed = await build({ lines: [['cp', 'nothing.lua', 'made']] });
    expect(failed).toEqual({ home: undefined, reason: expect.stringContaining('nothing.lua') });
    const missing = await build({ compiler: ['no-such-compiler', '--version'] });
    expect(missing).toEqual({
      home: undefined,
      reason: '`no-such-compiler --version` does not run here',
    });
    expect(await readdir(cache)).toEqual(before);
  });
});
