// What a process may be told: every variable, good and bad; configure, in time and too late.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readEnvironment } from '../../sdk-node/src/options/options.js';

/** What TAGALONG_… variables say, and the faults of those that are wrong. */
const read = (variable: string, text: string) => readEnvironment({ [variable]: text });

describe('a variable', () => {
  it.each<[string, string, object]>([
    ['TAGALONG', 'off', { enabled: false }],
    ['TAGALONG', ' OFF ', { enabled: false }],
    ['TAGALONG', 'on', { enabled: true }],
    ['TAGALONG_HEADERS', 'x-a', { headers: ['x-a'] }],
    [
      'TAGALONG_HEADERS',
      ' x-a , x-b-*,, x-c = x-d ,',
      { headers: ['x-a', 'x-b-*', { name: 'x-c', as: 'x-d' }] },
    ],
    ['TAGALONG_MESH', '*.a.b, 10.0.0.0/8', { mesh: ['*.a.b', '10.0.0.0/8'] }],
    ['TAGALONG_MODE', 'sanitize', { mode: 'sanitize' }],
    ['TAGALONG_MODE', 'participate', { mode: 'participate' }],
    ['TAGALONG_MODE', 'verbatim', { mode: 'verbatim' }],
    ['TAGALONG_SIDECAR', 'auto', { sidecar: { expect: 'auto' } }],
    ['TAGALONG_SIDECAR', 'expect', { sidecar: { expect: 'expect' } }],
    ['TAGALONG_SIDECAR', 'none', { sidecar: { expect: 'none' } }],
    ['TAGALONG_PROBE', 'http://[::1]:1/ready', { sidecar: { probe: 'http://[::1]:1/ready' } }],
    ['TAGALONG_HOLD_MS', '0', { sidecar: { holdMs: 0 } }],
    ['TAGALONG_HOLD_MS', '2147483647', { sidecar: { holdMs: 2_147_483_647 } }],
    ['TAGALONG_PROXY', 'http://127.0.0.1:15001', { sidecar: { proxy: 'http://127.0.0.1:15001' } }],
    ['TAGALONG_PROXY', 'unix:/run/envoy.sock', { sidecar: { proxy: 'unix:/run/envoy.sock' } }],
    [
      'TAGALONG_DIRECT',
      'Reviews=tls://10.0.0.5:8443, ratings:80=plaintext://[::1]:1, reviews=plaintext://b:65535',
      {
        routes: {
          reviews: [
            { via: 'sidecar' },
            { via: 'direct', address: '10.0.0.5:8443', tls: {} },
            { via: 'direct', address: 'b:65535', plaintext: true },
          ],
          'ratings:80': [
            { via: 'sidecar' },
            { via: 'direct', address: '[::1]:1', plaintext: true },
          ],
        },
      },
    ],
    ['TAGALONG_MODE', '', {}],
    ['TAGALONG_HOLD_MS', '  ', {}],
    ['TAGALONG_UNKNOWN', 'x', {}],
  ])('%s=%j is read', (variable, text, options) => {
    expect(read(variable, text)).toEqual({ options, faults: [] });
  });

  it.each<[string, string, RegExp]>([
    ['TAGALONG', 'no', /"no": want one of on, off/],
    ['TAGALONG_HEADERS', 'x-a=', /"x-a=": want NAME or NAME=NEW/],
    ['TAGALONG_HEADERS', 'x-a=b=c', /want NAME or NAME=NEW/],
    ['TAGALONG_MODE', 'Verbatim!', /want one of verbatim, sanitize, participate/],
    ['TAGALONG_SIDECAR', 'yes', /want one of auto, expect, none/],
    ['TAGALONG_PROBE', '127.0.0.1:15021', /want a URL such as/],
    ['TAGALONG_PROBE', 'https://127.0.0.1/', /want a URL such as http:/],
    ['TAGALONG_HOLD_MS', '30s', /want milliseconds, 0 to 2147483647/],
    ['TAGALONG_HOLD_MS', '-1', /want milliseconds/],
    ['TAGALONG_HOLD_MS', '1e3', /want milliseconds/],
    ['TAGALONG_HOLD_MS', '2147483648', /want milliseconds/],
    ['TAGALONG_PROXY', '127.0.0.1:15001', /want http:\/\/HOST:PORT or unix:\/PATH/],
    ['TAGALONG_PROXY', 'unix:', /want http/],
    ['TAGALONG_DIRECT', 'reviews=10.0.0.5:8443', /want AUTHORITY=tls/],
    ['TAGALONG_DIRECT', 'reviews=http://10.0.0.5:8443', /want AUTHORITY=tls/],
    ['TAGALONG_DIRECT', 'reviews=tls://10.0.0.5', /want AUTHORITY=tls/],
    ['TAGALONG_DIRECT', 'reviews=tls://a:0', /want AUTHORITY=tls/],
    ['TAGALONG_DIRECT', 'reviews=tls://a:65536', /want AUTHORITY=tls/],
    ['TAGALONG_DIRECT', 'a=tls://b:1, =tls://b:1', /"=tls:\/\/b:1": want AUTHORITY=tls/],
  ])('%s=%j is left out, with what is wanted', (variable, text, message) => {
    const { options, faults } = read(variable, text);
    expect(options).toEqual({});
    expect(faults).toEqual([{ variable, message: expect.stringMatching(message) }]);
  });

  it('that is wrong leaves the others', () => {
    const { options, faults } = readEnvironment({
      TAGALONG_MODE: 'x',
      TAGALONG_HOLD_MS: '5',
      TAGALONG_SIDECAR: 'x',
    });
    expect(options).toEqual({ sidecar: { holdMs: 5 } });
    expect(faults.map(({ variable }) => variable)).toEqual(['TAGALONG_SIDECAR', 'TAGALONG_MODE']);
  });
});

describe('the settings of a process', () => {
  type Settings = typeof import('../../sdk-node/src/options/settings.js');

  async function fresh(env: Record<string, string> = {}): Promise<Settings> {
    vi.resetModules();
    Reflect.deleteProperty(globalThis, Symbol.for('tagalong.node.1'));
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return import('../../sdk-node/src/options/settings.js');
  }

  let warned: string[];
  beforeEach(() => {
    warned = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((text) => {
      warned.push(String(text));
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it('are the defaults where nothing is said', async () => {
    const { settings } = await fresh();
    expect(settings()).toMatchObject({
      enabled: true,
      mode: 'verbatim',
      routes: {},
      sidecar: {
        expect: 'auto',
        probe: 'http://127.0.0.1:15021/healthz/ready',
        graceMs: 10_000,
        holdMs: 30_000,
        proxy: undefined,
      },
    });
    expect(Object.isFrozen(settings())).toBe(true);
    expect(warned).toEqual([]);
  });

  it.each([
    ['TAGALONG_HEADERS', 'authorization', /never forwarded/],
    ['TAGALONG_HEADERS', 'x y', /want a header name/],
    ['TAGALONG_MESH', 'http://reviews', /want a host/],
    ['TAGALONG_MODE', 'x', /want one of/],
    ['TAGALONG_HOLD_MS', 'x', /want milliseconds/],
    ['TAGALONG_DIRECT', 'x', /want AUTHORITY/],
  ])('are made without %s=%j, which is told once, by its name', async (name, value, message) => {
    const { settings, configure } = await fresh({ [name]: value, TAGALONG_SIDECAR: 'none' });
    configure({ mode: 'sanitize' });
    configure({ mode: 'participate' });
    expect(settings()).toMatchObject({ mode: 'participate', sidecar: { expect: 'none' } });
    expect(warned).toHaveLength(1);
    expect(warned[0]).toMatch(new RegExp(`^${name} is left out: `));
    expect(warned[0]).toMatch(message);
  });

  it('are what configure says, and else what the variables say', async () => {
    const { settings, configure, onConfigured } = await fresh({
      TAGALONG_MODE: 'sanitize',
      TAGALONG_HEADERS: 'x-env',
      TAGALONG_HOLD_MS: '7',
    });
    const changed = vi.fn();
    onConfigured(changed);
    configure({
      headers: ['x-own'],
      mode: undefined as never,
      sidecar: { expect: 'expect', holdMs: undefined as never },
    });
    expect(changed).toHaveBeenCalledTimes(1);
    const { mode, selection, sidecar } = settings();
    expect([mode, sidecar.expect, sidecar.holdMs]).toEqual(['sanitize', 'expect', 7]);
    expect([selection.names.has('x-own'), selection.names.has('x-env')]).toEqual([true, false]);
  });

  it('are off where the variable says so, whatever configure says', async () => {
    const { settings, configure } = await fresh({ TAGALONG: 'off' });
    configure({ enabled: true });
    expect(settings().enabled).toBe(false);
  });

  it('can be off by configure alone', async () => {
    const { settings, configure } = await fresh({ TAGALONG: 'on' });
    configure({ enabled: false });
    expect(settings().enabled).toBe(false);
  });

  it('stay as they are once they were used', async () => {
    const { settings, peekSettings, configure } = await fresh();
    peekSettings();
    configure({ mode: 'sanitize' });
    expect(settings().mode).toBe('sanitize');
    expect(() => configure({ mode: 'verbatim' })).toThrow(
      expect.objectContaining({ code: 'TAGALONG_CONFIG', sent: 'no', attempts: [] }),
    );
    expect(() => configure({})).toThrow(/too late/);
    expect(settings().mode).toBe('sanitize');
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', null, /options: want an object/],
    ['another key', { header: ['x-a'] }, /"header" is none, want enabled, headers/],
    ['another key of sidecar', { sidecar: { hold: 1 } }, /sidecar: "hold" is none/],
    ['a word for a switch', { enabled: 'off' }, /enabled: want true or false/],
    ['a text for a list', { headers: 'x-a' }, /headers: want a list/],
    ['a text for hosts', { mesh: 'a.b' }, /mesh: want a list/],
    ['a credential', { headers: ['cookie'] }, /never forwarded/],
    ['a mode', { mode: 'w3c' }, /mode: "w3c": want one of/],
    ['a word for sidecar', { sidecar: 'yes' }, /sidecar: "yes": want one of/],
    ['a number for sidecar', { sidecar: 7 }, /sidecar: want an object/],
    ['a time', { sidecar: { holdMs: -1 } }, /sidecar\.holdMs: .*want milliseconds/],
    ['no number', { sidecar: { graceMs: Number.NaN } }, /sidecar\.graceMs: .*want milliseconds/],
    ['a probe', { sidecar: { probe: 'x' } }, /sidecar\.probe: .*want a URL/],
    ['a proxy', { sidecar: { proxy: 'x' } }, /sidecar\.proxy: .*want http/],
  ])('refuse %s, with a code and what is wanted', async (_, options, message) => {
    const { settings, configure } = await fresh();
    expect(() => configure(options as never)).toThrow(
      expect.objectContaining({ code: 'TAGALONG_CONFIG', message: expect.stringMatching(message) }),
    );
    expect(settings().mode).toBe('verbatim');
  });
});

describe('a process with every variable wrong', () => {
  it('starts, and names each of them', async () => {
    const names = [
      '',
      '_HEADERS',
      '_MESH',
      '_MODE',
      '_SIDECAR',
      '_PROBE',
      '_HOLD_MS',
      '_DIRECT',
      '_PROXY',
    ];
    const env = Object.fromEntries(names.map((name) => [`TAGALONG${name}`, 'a b ']));
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', '@tagalong/node/register', '-e', 'console.log("up")'],
      { env, cwd: import.meta.dirname },
    );
    expect(stdout).toBe('up\n');
    for (const name of Object.keys(env)) expect(stderr).toContain(`${name} is left out: `);
  });
});
