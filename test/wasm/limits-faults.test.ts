// A host that refuses calls, and bytes that somebody else wrote where limits count: nothing traps,
// doubt lets the request through, counted.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Status } from '../../envoyfilter/src/host/index.js';
import { Limited, LooseClock, Random, SECOND } from '../harness/limited.js';

type Section = Readonly<Record<string, unknown>>;
type Pair = readonly [string, string];

const VM_ID = 'tagalong';
const READ = 'proxy_get_shared_data';
const WRITE = 'proxy_set_shared_data';
const REPLY = 'proxy_send_local_response';
const SCOPES = ['worker', 'proxy'] as const;
const REFUSALS = [Status.InternalFailure, Status.BadArgument, Status.InvalidMemoryAccess];

const never = (more: Section = {}): Section => ({ name: 'l', rate: '1/h', burst: 5, ...more });
const perKey = { per: [{ header: 'x-key' }], maxKeys: 64 };

/** A host that refuses a call while it is told to. */
class Refusing {
  refused: string | undefined;
  status: number = Status.InternalFailure;
  readonly fault = (call: string) => (call === this.refused ? this.status : undefined);
}

describe('a host that refuses', () => {
  it.each(SCOPES)('to tell the time lets requests through, counted: scope %s', (scope) => {
    const limits = [never({ scope }), never({ name: 'dry', dryRun: true, scope })];
    const proxy = new Limited(limits, { load: { without: ['clock_time_get'] } });
    expect(proxy.burst(20)).toBe(20);
    expect(proxy.errors('store')).toBeGreaterThanOrEqual(20);
    expect([proxy.count('l', 'ok'), proxy.count('l', 'limited')]).toEqual([0, 0]);
  });

  it.each(SCOPES)('a secret is no reason to count less: scope %s', (scope) => {
    const proxy = new Limited([never({ scope, ...perKey })], {
      workers: 2,
      load: { without: ['random_get'] },
    });
    for (const key of ['a', 'b', '']) {
      expect(proxy.burst(9, [['x-key', key]])).toBe(5);
      expect(proxy.burst(9, [['x-key', key]], { worker: 1 })).toBe(scope === 'proxy' ? 0 : 5);
    }
    // It is said once, by each VM.
    expect(proxy.errors('store')).toBeGreaterThan(0);
  });

  it.each(
    [READ, WRITE].flatMap((call) => REFUSALS.map((status) => [call, status] as const)),
  )('%s with %d lets requests through that all workers would have to know of, counted', (call, status) => {
    const refusing = new Refusing();
    refusing.status = status;
    const limits = [never({ ...perKey }), never({ name: 'own', scope: 'worker', burst: 30 })];
    const proxy = new Limited(limits, { fault: refusing.fault });
    const key: Pair[] = [['x-key', 'a']];
    expect(proxy.burst(2, key)).toBe(2);
    refusing.refused = call;
    const errors = proxy.errors('store');
    expect(proxy.burst(20, key)).toBe(20);
    expect(proxy.errors('store') - errors).toBe(20);
    // What this worker counts by itself holds all the while.
    expect(proxy.burst(20, key)).toBe(8);
    refusing.refused = undefined;
    proxy.push([never({ ...perKey })]);
    expect(proxy.burst(20, key)).toBe(3);
  });

  it('shared data while it is configured leaves each VM with what it has itself', () => {
    const refusing = new Refusing();
    refusing.refused = READ;
    const limits = [never({ scope: 'worker', ...perKey })];
    const proxy = new Limited(limits, { fault: refusing.fault });
    for (const key of ['a', 'b']) expect(proxy.burst(9, [['x-key', key]])).toBe(5);
    // A push later, when it works again, must not lose what is counted: the secret is another one.
    refusing.refused = undefined;
    proxy.push([never({ name: 'other', scope: 'worker' }), ...limits]);
    expect(proxy.burst(9, [['x-key', 'a']])).toBeLessThanOrEqual(5);
    expect(proxy.errors('store')).toBeGreaterThan(0);
  });

  it.each(SCOPES)('a reply lets the request go on as it should, counted: scope %s', (scope) => {
    const refusing = new Refusing();
    const tags = [{ header: 'x-tag', default: 'stable' }];
    const proxy = new Limited([never({ scope })], { fault: refusing.fault, sections: { tags } });
    proxy.burst(5);
    refusing.refused = REPLY;
    const stream = proxy.plugin.open();
    const { action, headers, reply } = stream.requestHeaders([['x-tag', 'forged']]);
    expect([action, reply, headers.getAll('x-tag')]).toEqual(['continue', undefined, ['stable']]);
    stream.done();
    expect([proxy.errors('reply'), proxy.errors()]).toEqual([1, 1]);
    expect(proxy.count('l', 'limited')).toBe(1);
    refusing.refused = undefined;
    expect(proxy.admits()).toBe(false);
  });

  it('whatever it likes traps nothing', () => {
    const random = new Random(11);
    let chance = 0;
    const proxy = new Limited(
      [
        never({ ...perKey, overflow: 'reject' }),
        never({ name: 'fast', rate: '1000/s', burst: 200 }),
        never({ name: 'own', scope: 'worker', reply: { onSuccess: true } }),
        never({ name: 'dry', dryRun: true, per: [{ ip: true }] }),
      ],
      {
        workers: 2,
        fault: () => {
          if (chance === 0 || random.below(chance) !== 0) return undefined;
          return random.of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 255]);
        },
      },
    );
    for (let i = 0; i < 20_000; i++) {
      chance = [0, 2, 4, 20][Math.floor(i / 500) % 4]!;
      proxy.clock.now += BigInt(random.below(1_000_000));
      const stream = proxy.plugin.open({ worker: random.below(2), sourceAddress: '192.0.2.1:1' });
      const outcome = stream.requestHeaders([['x-key', `${random.below(100)}`]]);
      if (outcome.failed !== undefined) throw new Error(`request ${i}: the VM has failed`);
      if (outcome.action === 'pause' && outcome.reply === undefined) throw new Error('it hangs');
      stream.responseHeaders([[':status', '200']]);
      stream.done();
      if (i % 500 === 0) proxy.plugin.configure(`${JSON.stringify({ i })}`);
    }
  });
});

describe('bytes that somebody else wrote', () => {
  type Change = (value: Buffer, random: Random) => Uint8Array;
  const CHANGES: readonly Change[] = [
    (_value, random) =>
      Buffer.from(Array.from({ length: random.below(2001) }, () => random.below(256))),
    (_value, random) => Buffer.alloc(random.below(2001), random.of([0, 1, 0x7f, 0xff])),
    (value, random) => value.subarray(0, random.below(value.length + 1)),
    (value, random) => value.subarray(random.below(value.length + 1)),
    (value, random) => Buffer.concat([value, Buffer.alloc(random.below(2001), 0xff)]),
    (value, random) => Buffer.concat(Array.from({ length: random.below(5) }, () => value)),
    // Of the very limit, with nonsense behind its name.
    (value, random) => {
      const copy = Buffer.from(value);
      for (let i = 8; i < copy.length; i++) if (random.below(3) === 0) copy[i] = random.below(256);
      return copy;
    },
    (value, random) => {
      const copy = Buffer.from(value);
      const index = random.below(copy.length);
      if (copy.length > 0) copy[index] = copy[index]! ^ (1 << random.below(8));
      return copy;
    },
  ];
  const limits = [
    never({ ...perKey, rate: '10/s' }),
    never({ name: 'fast', rate: '1000/s', burst: 200 }),
    never({ name: 'dry', dryRun: true }),
  ];

  it('in slots trap nothing, and are written over', () => {
    const proxy = new Limited(limits, { workers: 2 });
    const { sharedData } = proxy.host;
    /** Values stay small, so that they are not read as what the host refuses to show. */
    const spoil = (key: string, random: Random) => {
      const value = Buffer.from(sharedData.get(VM_ID, key)!.value.subarray(0, 4000));
      sharedData.set(VM_ID, key, random.of(CHANGES)(value, random));
    };
    proxy.burst(3, [['x-key', 'a']]);
    const slots = proxy.keys().filter((key) => key.startsWith('tagalong/1/limit/'));
    expect(slots.length).toBeGreaterThan(1);
    const random = new Random(21);
    for (let i = 0; i < 20_000; i++) {
      spoil(random.of(slots), random);
      proxy.clock.now += BigInt(random.below(50_000_000));
      // Whether it is admitted depends on what the bytes say; it is answered one way or the other.
      proxy.ask([['x-key', random.of(['a', 'b', 'c'])]], { worker: random.below(2) });
    }
    expect(proxy.errors()).toBe(0);
    // What another limit left says nothing: the bucket is as new.
    proxy.clock.now += 100n * SECOND;
    for (const slot of slots) sharedData.set(VM_ID, slot, Buffer.alloc(200, 7));
    expect(proxy.burst(9, [['x-key', 'd']])).toBe(5);
  });

  it('in the directory trap nothing, and keep no configuration from being accepted', () => {
    const proxy = new Limited(limits);
    const { sharedData } = proxy.host;
    const [directory = ''] = proxy.keys().filter((key) => key.startsWith('tagalong/1/limits/'));
    expect(directory).not.toBe('');
    const random = new Random(31);
    for (let i = 0; i < 300; i++) {
      const value = Buffer.from(sharedData.get(VM_ID, directory)!.value);
      sharedData.set(VM_ID, directory, random.of(CHANGES)(value, random));
      proxy.push(limits.map((one) => ({ ...one, burst: 5 + (i % 7) })));
      proxy.clock.now += SECOND;
      for (let n = 0; n < 20; n++) proxy.ask([['x-key', `${n}`]]);
    }
    expect(proxy.errors()).toBe(0);
  });

  it('of any kind under any key are survived from the start', () => {
    const names = [
      'tagalong/1/limits/test/limits/0/0',
      'tagalong/1/limit/test/limits/0/0/00000000',
      'tagalong/1/limit/test/limits/0/0/00010000',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 2000 }), { minLength: 3, maxLength: 3 }),
        (values) => {
          const clock = new LooseClock();
          const first = new Limited([], { clock });
          for (const [i, name] of names.entries()) {
            first.host.sharedData.set(VM_ID, name, values[i]!);
          }
          const proxy = new Limited(limits, { host: first.host, clock });
          expect(proxy.burst(9, [['x-key', 'a']])).toBe(5);
          expect(proxy.errors()).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
