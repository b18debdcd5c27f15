import { describe, expect, it } from 'vitest';
import { Host, ManualClock } from '../../../envoyfilter/src/host/index.js';
import { load, logged, one } from './load.js';
import { load as at, Guest, i32, word } from './wat.js';

/** Counts its configurations in a global, and adds the count to each request. */
function counting(name = 'counts'): Guest {
  const g = new Guest(name);
  g.raw('(global $n (mut i32) (i32.const 0))');
  g.on('proxy_on_configure', '(global.set $n (i32.add (global.get $n) (i32.const 1)))');
  g.on('proxy_on_request_headers', g.note('n', '(global.get $n)'));
  g.on('proxy_on_done', g.note('done', '(local.get $0)'));
  return g;
}

const names = { rootId: 'r', vmId: 'v', vmConfiguration: 'c' };

describe('VMs', () => {
  it('are shared by plugins of one vm_id, VM configuration, code and capability list', async () => {
    const host = new Host();
    const all = ['proxy_on_request_headers', 'proxy_on_configure', 'proxy_log'];
    const g = counting();
    const code = await g.assemble();
    const plugin = (name: string, more: object = {}) =>
      host.load({ name, configuration: '', code, allowedCapabilities: all, ...names, ...more });
    const one = plugin('one');
    const shared = (more: object) => plugin('other', more).memory() === one.memory();
    expect(shared({})).toBe(true);
    expect(shared({ rootId: 'other', configuration: 'x' })).toBe(true);
    expect(shared({ allowedCapabilities: [...all].reverse() })).toBe(true);
    expect(shared({ vmId: 'w' })).toBe(false);
    expect(shared({ vmConfiguration: '' })).toBe(false);
    expect(shared({ allowedCapabilities: all.slice(1) })).toBe(false);
    expect(shared({ code: await counting('x').assemble() })).toBe(false);
    expect(shared({ code: Uint8Array.from(code) })).toBe(true);
  });

  it('of Envoy 1.36 know no capability list: the first one stays in force', async () => {
    const host = new Host({ version: '1.36' });
    const code = await counting().assemble();
    const first = host.load({ name: 'a', configuration: '', code, ...names });
    const allowedCapabilities = ['proxy_log'];
    const second = host.load({ name: 'b', configuration: '', code, ...names, allowedCapabilities });
    expect(second.memory()).toBe(first.memory());
    expect(second.vms[0]!.has('proxy_on_request_headers')).toBe(true);
  });

  it('keep their globals over a push, and go with their last plugin, data and all', async () => {
    const host = new Host();
    const g = counting();
    const plugin = await load(host, g, { ...names, configuration: '1' });
    plugin.configure('2');
    one(plugin);
    expect(logged(host, g).at(-2)).toBe('n=2');
    host.sharedData.set('v', 'k', Buffer.from('v'));
    const other = await load(host, g, { ...names, vmConfiguration: 'other' });
    plugin.remove();
    expect(host.sharedData.keys('v')).toEqual(['k']);
    other.remove();
    expect(host.sharedData.keys('v')).toEqual([]);
    const again = await load(host, g, { ...names, configuration: '3' });
    one(again);
    expect(logged(host, g).at(-2)).toBe('n=1');
  });

  it('make one root for plugins of one key, which ends with the last of them', async () => {
    const host = new Host();
    const g = counting();
    const [one, two] = [await load(host, g, names), await load(host, g, names)];
    const done = () => logged(host, g, true).filter((line) => line.includes('done'));
    const stream = two.open();
    stream.requestHeaders([]);
    // The second was neither configured nor tried on a canary.
    expect(logged(host, g)).toEqual(['n=1']);
    one.remove();
    expect(done()).toEqual([]);
    two.remove();
    expect(done()).toEqual(['main: done=1']);
    stream.done();
    expect(done()).toEqual(['main: done=1', 'worker 0: done=2', 'worker 0: done=1']);
  });

  it('that failed are not given to plugins that come later', async () => {
    const host = new Host();
    const g = new Guest('fails');
    g.on('proxy_on_request_headers', 'unreachable');
    const one = await load(host, g, names);
    one.open().requestHeaders([]);
    const two = await load(host, g, { ...names, name: 'two' });
    expect(two.memory()).not.toBe(one.memory());
    expect(two.vms[0]).toBe(one.vms[0]);
    expect(two.vms[1]!.failure).toBeUndefined();
  });

  it('share what they set under a vm_id, across workers', async () => {
    const host = new Host({ workers: 2 });
    const g = new Guest('shares');
    const cells = [word(0), word(1), word(2)] as const;
    g.on(
      'proxy_on_request_headers',
      g.try('get', 'get_shared_data', g.text('k'), ...cells) +
        g.try('set', 'set_shared_data', g.text('k'), g.text('v'), 0),
    );
    const plugin = await load(host, g, names);
    for (const worker of [0, 1]) one(plugin, [], { worker });
    expect(logged(host, g)).toEqual(['get=1', 'set=0', 'get=0', 'set=0']);
  });
});

describe('time', () => {
  function ticking(): Guest {
    const g = new Guest('ticks');
    const period = (ms: number) => `(drop ${g.call('set_tick_period_milliseconds', ms)})`;
    g.on('proxy_on_configure', period(10));
    g.on(
      'proxy_on_tick',
      `(drop ${g.call('wasi.clock_time_get', 1, '(i64.const 0)', word(0))})
       ${g.note('at', `(i32.wrap_i64 (i64.div_u (i64.load ${i32(word(0))}) (i64.const 1000000)))`)}`,
    );
    g.on('proxy_on_request_headers', period(0));
    return g;
  }

  it('advances to each tick in turn, on the main thread and on the workers', async () => {
    const host = new Host({ clock: new ManualClock(0n, 0n), workers: 1 });
    const g = ticking();
    const plugin = await load(host, g);
    host.advance(9.999_999);
    expect(logged(host, g)).toEqual([]);
    host.advance(0.000_001);
    expect(logged(host, g, true)).toEqual(['main: at=10', 'worker 0: at=10']);
    host.advance(25);
    expect(logged(host, g).slice(2)).toEqual(['at=20', 'at=20', 'at=30', 'at=30']);
    expect(host.clock.monotonic()).toBe(35_000_000n);
    one(plugin);
    host.advance(5);
    expect(logged(host, g, true).slice(6)).toEqual(['main: at=40']);
    plugin.remove();
    host.advance(100);
    expect(logged(host, g)).toHaveLength(7);
  });

  it('passes without ticks where they are not run, and each comes once when they are', async () => {
    const clock = new ManualClock(0n, 0n);
    const host = new Host({ clock });
    const g = ticking();
    const plugin = await load(host, g);
    clock.advanceMs(55);
    host.tick();
    host.tick();
    expect(logged(host, g)).toEqual(['at=55', 'at=55']);
    plugin.tick();
    expect(logged(host, g)).toHaveLength(4);
    clock.advanceMs(5);
    host.tick();
    expect(logged(host, g)).toHaveLength(4);
  });

  it('is not moved where the clock is the system', () => {
    expect(() => new Host().advance(1)).toThrow(
      new TypeError('advance wants a host with a ManualClock'),
    );
  });

  it('is no tick in a VM that has failed', async () => {
    const host = new Host({ clock: new ManualClock() });
    const g = new Guest('fails');
    g.on('proxy_on_configure', `(drop ${g.call('set_tick_period_milliseconds', 10)})`);
    g.on('proxy_on_tick', `${g.say('tick')} unreachable`);
    await load(host, g);
    host.advance(50);
    expect(logged(host, g, true)).toEqual(['main: tick', 'worker 0: tick']);
  });
});

describe('a guest that asks for time to end', () => {
  it('has it until it says so, ticks included', async () => {
    const host = new Host({ clock: new ManualClock() });
    const g = new Guest('later');
    g.on('proxy_on_configure', `(drop ${g.call('set_tick_period_milliseconds', 10)})`);
    g.on(
      'proxy_on_tick',
      g.note('tick', '(local.get $0)') + g.try('done', 'done') + g.say('after'),
    );
    g.on('proxy_on_done', g.note('asked', '(local.get $0)'), 0);
    g.on('proxy_on_delete', g.note('delete', '(local.get $0)'));
    const plugin = await load(host, g, { configuration: '1' });
    host.advance(10);
    const worker = () => logged(host, g, true).filter((line) => line.startsWith('worker 0'));
    const said = (...lines: string[]) => lines.map((line) => `worker 0: ${line}`);
    expect(worker()).toEqual(said('tick=1', 'done=1', 'after'));
    plugin.configure('2');
    expect(worker().slice(3)).toEqual(said('asked=1'));
    host.advance(10);
    expect(worker().slice(4)).toEqual(
      said('tick=1', 'done=0', 'after', 'delete=1', 'tick=2', 'done=1', 'after'),
    );
    host.advance(10);
    expect(worker().slice(11)).toEqual(said('tick=2', 'done=1', 'after'));
  });
});

describe('metrics', () => {
  it('are one value for all VMs and plugins, also when these are gone', async () => {
    const host = new Host({ workers: 2 });
    const g = new Guest('measures');
    g.on(
      'proxy_on_configure',
      `(drop ${g.call('define_metric', 0, g.text('n.l=.=v;.;'), word(0))})
       (drop ${g.call('increment_metric', at(word(0)), '(i64.const 1)')})`,
    );
    const plugin = await load(host, g);
    expect(host.metrics.series()).toEqual([{ name: 'n', labels: { l: 'v' }, value: 4n }]);
    plugin.remove();
    await load(host, g);
    expect(host.metrics.value('n.l=.=v;.;')).toBe(8n);
  });
});
