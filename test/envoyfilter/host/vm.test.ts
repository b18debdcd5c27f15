import { describe, expect, it } from 'vitest';
import { Host, WasmLoadError } from '../../../envoyfilter/src/host/index.js';
import { load, logged, one } from './load.js';
import { Guest, type GuestOptions, i32, PAGE, store, word } from './wat.js';

function guest(build: (g: Guest) => void = () => {}, options: GuestOptions = {}): Guest {
  const g = new Guest('vm', options);
  build(g);
  return g;
}

describe('a module that cannot be loaded', () => {
  it.each([
    [
      'no allocator',
      guest(undefined, { allocator: '' }),
      /^Wasm module is missing malloc function/,
    ],
    ['no memory', guest(undefined, { pages: 0 }), /^the module exports no memory$/],
    [
      'no ABI version',
      guest(undefined, { abi: '' }),
      /^found no ABI version, wanted one of proxy_abi/,
    ],
    [
      'an unknown import',
      guest((g) => g.first('(import "env" "proxy_no" (func))')),
      /^missing import: env\.proxy_no$/,
    ],
    [
      'a memory of ours',
      guest((g) => g.first('(import "env" "memory" (memory 1))'), { pages: 0 }),
      /^missing import: env\.memory$/,
    ],
    [
      'a callback of another shape',
      guest((g) => g.raw('(func (export "proxy_on_done"))')),
      /^Bad function signature for: proxy_on_done: found 0 parameters, wanted 1$/,
    ],
    [
      'a start that traps',
      guest((g) => g.on('_initialize', 'unreachable')),
      /^Function: _initialize failed: Uncaught RuntimeError: unreachable$/,
    ],
    [
      'a start that calls what it must not',
      guest((g) => g.on('_start', `(drop ${g.call('get_log_level', 0)})`)),
      /^Function: _start failed: Uncaught Error: restricted_callback$/,
    ],
    [
      'a start section that traps',
      guest((g) => g.raw('(func $s unreachable) (start $s)')),
      /^the module does not start: unreachable$/,
    ],
    [
      'a start section that logs, before there is memory',
      guest((g) => g.raw(`(func $s ${g.say('x')}) (start $s)`)),
      /^the module does not start: /,
    ],
  ])('says why: %s', async (_name, g, message) => {
    const host = new Host();
    const loading = load(host, g);
    await expect(loading).rejects.toBeInstanceOf(WasmLoadError);
    await expect(load(host, g)).rejects.toThrow(message);
    await expect(loading).rejects.toMatchObject({ name: 'WasmLoadError', code: 'WASM_LOAD' });
  });

  it('may be no WebAssembly at all', () => {
    const code = Buffer.from('not wasm');
    const options = { name: 'n', rootId: '', configuration: '', code };
    expect(() => new Host().load(options)).toThrow(WasmLoadError);
  });

  it('leaves nothing behind', async () => {
    const host = new Host();
    await expect(load(host, guest(undefined, { allocator: '' }))).rejects.toThrow();
    host.sharedData.set('', 'k', Buffer.from('v'));
    (await load(host, guest())).remove();
    expect(host.sharedData.keys('')).toEqual([]);
  });
});

describe('a guest', () => {
  it('sees host functions act on memory that it has just grown', async () => {
    const host = new Host();
    const g = guest((g) =>
      g.on(
        'proxy_on_request_headers',
        `(drop (memory.grow (i32.const 1)))
         ${store(PAGE, 0x61)} ${g.try('add', 'add_header_map_value', 0, g.text('x'), PAGE, 1)}`,
      ),
    );
    const { request } = one(await load(host, g));
    expect(request.headers.get('x')).toBe('a');
  });

  it('may export its memory under any name, and its allocator under both', async () => {
    const at = PAGE - 64;
    const g = guest(
      (g) => {
        g.raw('(memory (export "m") 1)');
        g.raw(`(func (export "malloc") (param i32) (result i32) ${i32(at)})`);
        const get = g.call('get_header_map_pairs', 0, word(0), word(1));
        g.on('proxy_on_request_headers', `(drop ${get})`);
      },
      { pages: 0, allocate: 'unreachable' },
    );
    const plugin = await load(new Host(), g);
    plugin.open().requestHeaders([['x', 'y']]);
    const { buffer } = plugin.memory();
    expect([...new Uint32Array(buffer, 0, 2)]).toEqual([at, 16]);
    expect([...new Uint32Array(buffer, at, 3)]).toEqual([1, 1, 1]);
  });

  it('that traps is logged once, and its VM runs nothing more', async () => {
    const host = new Host();
    const g = guest((g) => {
      g.on('proxy_on_request_headers', 'unreachable');
      g.on('proxy_on_log', g.say('log'));
    });
    const plugin = await load(host, g);
    one(plugin);
    one(plugin);
    expect(logged(host, g)).toEqual([]);
    expect(host.logs).toEqual([
      {
        level: 'error',
        message: 'Function: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable',
        vm: 'worker 0',
        plugin: 'vm',
      },
    ]);
    expect(plugin.vms.map(({ failure }) => failure === undefined)).toEqual([true, false]);
  });

  it('that recurses without end traps like any other', async () => {
    const host = new Host();
    const g = guest((g) => {
      g.raw('(func $f (call $f))');
      g.on('proxy_on_request_headers', '(call $f)');
    });
    expect(one(await load(host, g)).request.reply?.status).toBe(503);
  });
});
