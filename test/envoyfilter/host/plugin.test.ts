import { describe, expect, it } from 'vitest';
import { Host, ManualClock, type Plugin } from '../../../envoyfilter/src/host/index.js';
import { load, logged, one } from './load.js';
import { load as at, Guest, i32, word } from './wat.js';

const BAD = 'b'.charCodeAt(0);

/** Logs its configurations, and refuses those that begin with b. */
function picky(): Guest {
  const g = new Guest('picky');
  g.on(
    'proxy_on_configure',
    `(drop ${g.call('get_buffer_bytes', 7, 0, 100, word(0), word(1))}) ${g.noteBytes('with')}`,
    `(i32.ne (i32.load8_u ${at(word(0))}) ${i32(BAD)})`,
  );
  g.on('proxy_on_request_headers', g.note('request', '(local.get $0)'));
  g.on('proxy_on_delete', g.note('delete', '(local.get $0)'));
  return g;
}

/** Traps where the request has `x-trap`. */
function fragile(): Guest {
  const g = new Guest('fragile');
  const asked = g.call('get_header_map_value', 0, g.text('x-trap'), word(0), word(1));
  g.on('proxy_on_configure', g.say('configure'));
  g.on('proxy_on_request_headers', `(if (i32.eqz ${asked}) (then unreachable))`);
  return g;
}

const trap = (plugin: Plugin, worker = 0) => one(plugin, [['x-trap', '1']], { worker });

describe('a configuration', () => {
  it('is offered to a canary, to the main thread, and to each worker', async () => {
    const host = new Host({ workers: 3 });
    const g = picky();
    const plugin = await load(host, g, { configuration: 'good' });
    expect(plugin.accepted).toBe(true);
    expect(logged(host, g, true)).toEqual([
      'canary: with=good',
      'main: with=good',
      'worker 0: with=good',
      'worker 1: with=good',
      'worker 2: with=good',
    ]);
    expect(plugin.vms.map(({ name }) => name)).toEqual([
      'main',
      'worker 0',
      'worker 1',
      'worker 2',
    ]);
  });

  it('that the canary refuses leaves the one before in force', async () => {
    const host = new Host();
    const g = picky();
    const plugin = await load(host, g, { configuration: 'good' });
    expect(plugin.configure('bad')).toBe(false);
    expect(plugin.rejected).toBe('canary: configuration refused');
    expect(one(plugin).request).toMatchObject({ action: 'continue' });
    expect(logged(host, g, true).slice(3)).toEqual([
      ...['canary: with=bad', 'worker 0: request=2', 'worker 0: delete=2'],
    ]);
    // Its answer is kept.
    expect(plugin.configure('bad')).toBe(false);
    expect(logged(host, g)).toHaveLength(6);
    expect(plugin.configure('good 2')).toBe(true);
    expect(plugin.rejected).toBeUndefined();
  });

  it('that is in force already is offered anew, and makes a new root', async () => {
    const host = new Host();
    const g = picky();
    const plugin = await load(host, g, { configuration: 'good' });
    expect(plugin.configure('good')).toBe(true);
    expect(logged(host, g, true).slice(3)).toEqual([
      ...['canary: with=good', 'main: with=good', 'worker 0: with=good'],
      ...['main: delete=1', 'worker 0: delete=1'],
    ]);
  });

  it('may be bytes of any kind', async () => {
    const host = new Host();
    const plugin = await load(host, picky(), { configuration: Uint8Array.of(0xc3, 0xa9, 0) });
    expect(plugin.accepted).toBe(true);
    expect(host.logs[0]?.message).toBe('picky with=é\0');
  });
});

describe('without an accepted configuration', () => {
  it.each([
    ['reject', { action: 'pause', failed: 'closed', reply: { status: 500, body: '' } }],
    ['pass', { action: 'continue', failed: 'open' }],
  ] as const)('a request gets what the plugin says: %s', async (unconfigured, outcome) => {
    const g = picky();
    const plugin = await load(new Host(), g, { configuration: 'bad', unconfigured });
    expect(plugin.accepted).toBe(false);
    const { stream, request } = one(plugin);
    expect(request).toMatchObject(outcome);
    expect(stream.id).toBe(0);
    expect(stream.calls.size).toBe(0);
    expect(plugin.vms).toEqual([]);
    expect(() => plugin.memory()).toThrow(RangeError);
    expect(plugin.configure('good')).toBe(true);
    expect(one(plugin).request.failed).toBeUndefined();
  });

  it('a gRPC request is refused in its own way', async () => {
    const plugin = await load(new Host(), picky(), { configuration: 'bad' });
    const { request } = one(plugin, [['content-type', 'application/grpc']]);
    expect(request.reply).toMatchObject({ status: 200, grpcStatus: 2 });
  });
});

describe('a VM that fails', () => {
  it.each([
    ['closed', { action: 'pause', failed: 'closed', reply: { status: 503 } }],
    ['open', { action: 'continue', failed: 'open' }],
  ] as const)('is %s to the streams after the one that it failed on', async (failurePolicy, after) => {
    const host = new Host({ workers: 2 });
    const plugin = await load(host, fragile(), { failurePolicy });
    expect(trap(plugin).request).toMatchObject({ failed: 'closed', reply: { status: 503 } });
    expect(one(plugin).request).toMatchObject(after);
    expect(one(plugin, [], { worker: 1 }).request.failed).toBeUndefined();
  });

  it('gives way to a new one, at most once a second', async () => {
    const clock = new ManualClock();
    const host = new Host({ workers: 2, clock });
    const g = fragile();
    const plugin = await load(host, g, { failurePolicy: 'reload' });
    const old = plugin.memory();
    trap(plugin);
    expect(one(plugin).request.reply?.status).toBe(503);
    clock.advance(999_999_999n);
    expect(one(plugin).request.reply?.status).toBe(503);
    expect(plugin.memory()).toBe(old);
    clock.advance(1n);
    expect(one(plugin).request.failed).toBeUndefined();
    expect(plugin.memory()).not.toBe(old);
    expect(logged(host, g, true).slice(4)).toEqual(['worker 0: configure']);
    // The second began when the new one was loaded.
    trap(plugin);
    clock.advanceMs(999);
    expect(one(plugin).request.reply?.status).toBe(503);
    clock.advanceMs(1);
    expect(one(plugin).request.failed).toBeUndefined();
    // Nobody replaces a VM that works.
    clock.advanceMs(5000);
    one(plugin);
    expect(logged(host, g, true).slice(4)).toHaveLength(2);
  });

  it('stays where the new one fails too, until the next second', async () => {
    const clock = new ManualClock();
    const g = new Guest('once');
    // The key makes the third and every later configure trap: those of reloaded VMs.
    const count = g.call('get_shared_data', g.text('k'), word(0), word(1), word(2));
    g.on('proxy_on_configure', `(if (i32.eqz ${count}) (then unreachable))`);
    g.on('proxy_on_request_headers', 'unreachable');
    const host = new Host({ clock });
    const plugin = await load(host, g, { failurePolicy: 'reload', vmId: 'v' });
    host.sharedData.set('v', 'k', Buffer.from('1'));
    one(plugin);
    clock.advanceMs(1000);
    expect(one(plugin).request.reply?.status).toBe(503);
    expect(host.logs).toHaveLength(2);
    one(plugin);
    expect(host.logs).toHaveLength(2);
    clock.advanceMs(1000);
    one(plugin);
    expect(host.logs).toHaveLength(3);
  });
});

describe('a worker', () => {
  it('has its own memory, and is counted from 0', async () => {
    const plugin = await load(new Host({ workers: 2 }), picky());
    expect(plugin.memory(1)).not.toBe(plugin.memory(0));
    for (const worker of [-1, 2, 0.5]) {
      expect(() => plugin.open({ worker }), String(worker)).toThrow(RangeError);
      expect(() => plugin.memory(worker), String(worker)).toThrow(RangeError);
    }
    expect(() => plugin.open({ worker: 1 })).not.toThrow();
  });

  it('that refuses what the canary accepted lets requests pass', async () => {
    const host = new Host({ workers: 2 });
    const g = new Guest('late');
    const first = g.call('set_shared_data', g.text('k'), g.text('v'), 77);
    // The canary and the main thread may.
    const second = g.call('set_shared_data', g.text('l'), g.text('v'), 77);
    g.on(
      'proxy_on_configure',
      '',
      `(if (result i32) ${first} (then (i32.eqz ${second})) (else (i32.const 1)))`,
    );
    g.on('proxy_on_request_headers', g.say('request'));
    const plugin = await load(host, g, { vmId: 'v' });
    expect(plugin.accepted).toBe(false);
    expect(plugin.rejected).toBe('worker 0: configuration refused');
    expect(one(plugin).request).toMatchObject({ action: 'continue', failed: 'open' });
    expect(logged(host, g)).toEqual([]);
  });
});

describe('a plugin that is removed', () => {
  it('ends its roots, and is as one that was never configured', async () => {
    const host = new Host();
    const g = picky();
    const plugin = await load(host, g);
    plugin.remove();
    plugin.remove();
    expect(logged(host, g, true).slice(3)).toEqual(['main: delete=1', 'worker 0: delete=1']);
    expect(one(plugin).request.reply?.status).toBe(500);
    expect(plugin.configure('again')).toBe(true);
  });

  it('waits for its streams', async () => {
    const host = new Host();
    const g = picky();
    const plugin = await load(host, g);
    const stream = plugin.open();
    stream.requestHeaders([]);
    plugin.remove();
    expect(logged(host, g, true).slice(3)).toEqual(['worker 0: request=2', 'main: delete=1']);
    stream.done();
    stream.done();
    expect(logged(host, g, true).slice(5)).toEqual(['worker 0: delete=2', 'worker 0: delete=1']);
  });
});
