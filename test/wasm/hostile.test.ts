// Hostile requests, and a host that refuses its calls: nothing traps, and no forged tag comes in.

import { describe, expect, it } from 'vitest';
import { HeaderMap, HOST_CALLS, Host, Status } from '../../envoyfilter/src/host/index.js';
import {
  entryFor,
  errorsOf,
  loadFilter,
  metricOf,
  requestOf,
  tagAfter,
  textOf,
} from '../harness/host.js';
import {
  ALLOWED,
  type Hostile,
  hostile,
  hostileEntry,
  STRIPPED,
  TRUSTED,
} from '../harness/hostile.js';

const ID = 'hostile/policy/0';
/** Bytes that the filter can hold of one request: shim/arena.ts. */
/** Of the arena, what headers may take: 64 KiB are kept for limits and writes (shim/arena.ts). */
const ROOM = (1 << 20) - (64 << 10);
/** Bytes that one value takes beside the list: features/request.ts, rounded to 8. */
const VALUE_SIZE = 16;

type Pair = readonly [string, string];

function request({ method, path, headers }: Hostile): Pair[] {
  // What surrounds a value is not part of it (RFC 9110 section 5.5).
  const trimmed = headers.map(
    ([name, value]): Pair => [name, value.replace(/^[ \t]+|[ \t]+$/g, '')],
  );
  return requestOf(trimmed, {
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
  });
}

function errors(host: Host, kind: string): number {
  return metricOf(host, ID, 'tagalong_errors_total', { kind });
}

function isTag(name: string): boolean {
  return [STRIPPED, ALLOWED, TRUSTED].includes(name.toLowerCase());
}

/** Bytes of a list of pairs as the host writes it. */
function listSize(pairs: readonly Pair[]): number {
  return pairs.reduce((sum, [name, value]) => sum + 10 + name.length + value.length, 4);
}

/** A host that refuses some calls while `refusing` is set, with the status that it holds. */
class RefusingHost extends Host {
  constructor(refuses: { status?: number | undefined; calls: readonly string[] }) {
    super({
      fault: (call) => (refuses.calls.includes(call) ? refuses.status : undefined),
    });
  }
}

describe('a hostile request', () => {
  const host = new Host();
  const plugin = loadFilter(host, hostileEntry(ID));
  const memory = plugin.memory().buffer.byteLength;

  it.each(hostile.map((one) => [one.name, one] as const))('is decided: %s', (_name, one) => {
    const unreadable = errors(host, 'headers');
    const pairs = request(one);
    const stream = plugin.open({ sourceAddress: '192.0.2.1:1' });
    const { headers, action, failed } = stream.requestHeaders(pairs);
    expect(failed).toBeUndefined();
    expect(action).toBe('continue');
    for (const [name, values] of Object.entries(one.tags)) {
      expect(headers.getAll(name), name).toEqual(values);
    }
    const others = (map: HeaderMap) => map.toPairs().filter(([name]) => !isTag(name));
    expect(others(headers)).toEqual(others(HeaderMap.fromRequest(pairs)));
    expect(errors(host, 'headers') - unreadable).toBe(one.unreadable === true ? 1 : 0);
    stream.done();
    expect(plugin.memory().buffer.byteLength).toBe(memory);
  });

  it('leaves the next one alone', () => {
    for (const one of hostile) {
      const stream = plugin.open();
      stream.requestHeaders(request(one));
      stream.done();
      expect(tagAfter(plugin, STRIPPED, [['cookie', 'beta=1']]), one.name).toEqual(['cookie']);
    }
  });

  it('has no address that a condition could know, where the host says something else', () => {
    const entry = entryFor(
      {
        tags: [
          { header: 'in', rules: [{ when: { ip: ['0.0.0.0/0', '::/0'] }, value: 'y' }] },
          { header: 'out', rules: [{ when: { not: { ip: ['0.0.0.0/0', '::/0'] } }, value: 'y' }] },
        ],
      },
      ID,
    );
    const addressed = loadFilter(new Host(), entry);
    const values = (sourceAddress?: string) => {
      const stream = addressed.open(sourceAddress === undefined ? {} : { sourceAddress });
      const { headers, failed } = stream.requestHeaders(requestOf());
      expect(failed).toBeUndefined();
      stream.done();
      return [headers.getAll('in'), headers.getAll('out')];
    };
    for (const good of ['1.2.3.4:5', '[::1]:80', '[fe80::1%eth0]:80', '::1:80', '1.2.3.4:']) {
      expect(values(good), good).toEqual([['y'], []]);
    }
    for (const bad of [
      undefined,
      '',
      ':',
      ':80',
      '1.2.3.4',
      '1.2.3:80',
      '1.2.3.256:80',
      '[]:80',
      '[::1',
      '/run/envoy.sock',
      `${'1'.repeat(100_000)}:1`,
      'ÿþ:1',
    ]) {
      expect(values(bad), String(bad).slice(0, 20)).toEqual([[], ['y']]);
    }
  });
});

describe('the memory for one request', () => {
  // What the policy of `hostile` reads here: :path, cookie and the three tags.
  const needed: Pair[] = [
    [STRIPPED, 'forged'],
    [ALLOWED, 'pre'],
    [TRUSTED, 'a'],
    ['cookie', 'beta=1'],
  ];
  const values = needed.length + 1;

  function filled(size: number): Pair[] {
    const pairs = requestOf([...needed, ['x-other', '']]);
    pairs[pairs.length - 1] = ['x-other', 'v'.repeat(size - listSize(pairs))];
    expect(listSize(pairs)).toBe(size);
    return pairs;
  }

  it('holds exactly as much as it says', () => {
    const host = new Host();
    const plugin = loadFilter(host, hostileEntry(ID));
    const stream = plugin.open();
    const { headers } = stream.requestHeaders(filled(ROOM - values * VALUE_SIZE));
    expect(headers.getAll(STRIPPED)).toEqual(['cookie']);
    expect(headers.getAll(ALLOWED)).toEqual(['pre']);
    expect(errors(host, 'headers')).toBe(0);
  });

  it.each([
    ['a byte more', ROOM - values * VALUE_SIZE + 1],
    ['all of it for the list', ROOM],
    ['a byte more than that', ROOM + 1],
    ['eight times as much', 8 * ROOM],
  ])('is exceeded without harm: %s', (_name, size) => {
    const host = new Host();
    const plugin = loadFilter(host, hostileEntry(ID));
    const { headers, failed } = plugin.open().requestHeaders(filled(size));
    expect(failed).toBeUndefined();
    // No rule is tried: the default stands, what is not trusted is gone, what is trusted stays.
    expect(headers.getAll(STRIPPED)).toEqual(['stable']);
    expect(headers.getAll(ALLOWED)).toEqual([]);
    expect(headers.getAll(TRUSTED)).toEqual(['a']);
    expect(headers.get('cookie')).toBe('beta=1');
    expect(errors(host, 'headers')).toBe(1);
    expect(metricOf(host, ID, 'tagalong_tag_total')).toBe(0);
    expect(tagAfter(plugin, STRIPPED, needed)).toEqual(['cookie']);
  });

  it.each([
    ['as much as fits', ROOM - VALUE_SIZE, 0],
    ['a byte more', ROOM - VALUE_SIZE + 1, 1],
    ['more than all of it', ROOM + 1, 1],
  ])('does not matter to a tag that is only stripped: %s', (_name, size, unreadable) => {
    const host = new Host();
    const plugin = loadFilter(host, entryFor({ tags: [{ header: STRIPPED }] }, ID));
    expect(tagAfter(plugin, STRIPPED, [[STRIPPED, 'v'.repeat(size)]])).toEqual([]);
    expect(errors(host, 'headers')).toBe(unreadable);
    const stripped = metricOf(host, ID, 'tagalong_incoming_total', { outcome: 'stripped' });
    expect(stripped).toBe(1 - unreadable);
  });

  it('may be too small to undo the encoding of a query, which then stays as it was sent', () => {
    const entry = entryFor(
      { tags: [{ header: 'a', rules: [{ when: { query: 'q', suffix: '%61' }, value: 'raw' }] }] },
      ID,
    );
    const plugin = loadFilter(new Host(), entry);
    const decided = (size: number) => {
      const path = `/?q=${'x'.repeat(size)}%61`;
      const { headers, failed } = plugin.open().requestHeaders(requestOf([], { path }));
      expect(failed).toBeUndefined();
      return headers.getAll('a');
    };
    expect(decided(ROOM / 2 - 1000)).toEqual([]);
    expect(decided(ROOM / 2 + 1000)).toEqual(['raw']);
  });
});

describe('a host that refuses', () => {
  const statuses = Object.entries(Status).filter(([name]) => name !== 'Ok');
  const sent: Pair[] = [
    [STRIPPED, 'forged'],
    [ALLOWED, 'pre'],
    [TRUSTED, 'a'],
    ['cookie', 'beta=1'],
  ];

  it.each(statuses)('to show the headers (%s) lets no unchecked tag in', (_name, status) => {
    const host = new RefusingHost({ status, calls: ['proxy_get_header_map_pairs'] });
    const plugin = loadFilter(host, hostileEntry(ID));
    const stream = plugin.open();
    const { headers, failed, action } = stream.requestHeaders(requestOf(sent));
    expect(failed).toBeUndefined();
    expect(action).toBe('continue');
    expect(headers.getAll(STRIPPED)).toEqual(['stable']);
    expect(headers.getAll(ALLOWED)).toEqual([]);
    expect(headers.getAll(TRUSTED)).toEqual(['a']);
    expect(errors(host, 'headers')).toBe(1);
    expect(stream.calls.get('proxy_get_header_map_pairs')).toBe(1);
  });

  it.each(statuses)('to show the one header (%s) lets no unchecked tag in', (name, status) => {
    const host = new RefusingHost({ status, calls: ['proxy_get_header_map_value'] });
    const plugin = loadFilter(host, entryFor({ tags: [{ header: STRIPPED }] }, ID));
    // NotFound is no refusal, it is the answer that there is none.
    const left = name === 'NotFound' ? ['forged'] : [];
    expect(tagAfter(plugin, STRIPPED, sent)).toEqual(left);
    expect(errors(host, 'headers')).toBe(name === 'NotFound' ? 0 : 1);
  });

  it('writes nothing in dryRun, readable or not', () => {
    const { configuration } = hostileEntry(ID);
    const entry = entryFor({ ...configuration, mode: 'dryRun' }, ID);
    const status = Status.InternalFailure;
    const host = new RefusingHost({ status, calls: ['proxy_get_header_map_pairs'] });
    const stream = loadFilter(host, entry).open();
    const pairs = requestOf(sent);
    expect(stream.requestHeaders(pairs).headers.toPairs()).toEqual(pairs);
    expect(errors(host, 'headers')).toBe(1);
  });

  it.each([
    ['proxy_add_header_map_value', [], { [STRIPPED]: [] }],
    ['proxy_replace_header_map_value', sent, { [STRIPPED]: ['forged'] }],
    ['proxy_remove_header_map_value', [[ALLOWED, 'forged']] as Pair[], { [ALLOWED]: ['forged'] }],
  ])('a write (%s) lets the request through, counted', (call, headers, left) => {
    const host = new RefusingHost({ status: Status.BadArgument, calls: [call] });
    const plugin = loadFilter(host, hostileEntry(ID));
    const outcome = plugin.open().requestHeaders(requestOf(headers));
    expect(outcome.failed).toBeUndefined();
    expect(outcome.action).toBe('continue');
    for (const [name, values] of Object.entries(left)) {
      expect(outcome.headers.getAll(name)).toEqual(values);
    }
    expect(errors(host, 'write')).toBe(1);
  });

  it('one write does not keep another from being made', () => {
    const calls = ['proxy_replace_header_map_value'];
    const host = new RefusingHost({ status: Status.InternalFailure, calls });
    const plugin = loadFilter(host, hostileEntry(ID));
    const forged: Pair[] = [
      [STRIPPED, 'forged'],
      [ALLOWED, 'forged'],
    ];
    const { headers } = plugin.open().requestHeaders(requestOf(forged));
    expect(headers.getAll(ALLOWED)).toEqual([]);
  });

  it('to tell the address is as none, for each request anew', () => {
    const refuses = {
      status: Status.InternalFailure as number | undefined,
      calls: ['proxy_get_property'],
    };
    const host = new RefusingHost(refuses);
    const rules = [{ when: { ip: ['192.0.2.0/24'] }, value: 'inside' }];
    const plugin = loadFilter(host, entryFor({ tags: [{ header: 'a', rules, default: 'b' }] }, ID));
    expect(tagAfter(plugin, 'a')).toEqual(['b']);
    expect(errors(host, 'address')).toBe(1);
    refuses.status = undefined;
    expect(tagAfter(plugin, 'a')).toEqual(['inside']);
    // A stream without an address, over a pipe say, is nothing wrong.
    refuses.status = Status.NotFound;
    expect(tagAfter(plugin, 'a')).toEqual(['b']);
    expect(errors(host, 'address')).toBe(1);
  });

  it('an address that is none is as none, counted', () => {
    const host = new Host();
    const rules = [{ when: { ip: ['0.0.0.0/0', '::/0'] }, value: 'inside' }];
    const plugin = loadFilter(host, entryFor({ tags: [{ header: 'a', rules }] }, ID));
    for (const sourceAddress of ['/run/pipe', '', '1.2.3.4', '1.2.3.400:5', '[::1]']) {
      const { headers } = plugin.open({ sourceAddress }).requestHeaders(requestOf());
      expect(headers.getAll('a')).toEqual([]);
    }
    expect(errors(host, 'address')).toBe(5);
  });

  it('a write to the response leaves the rest of it, counted', () => {
    const tags = [
      { header: 'a', default: '1', echo: true },
      { header: 'b', default: '2', echo: true },
    ];
    const refuses = {
      status: undefined as number | undefined,
      calls: ['proxy_replace_header_map_value'],
    };
    const host = new RefusingHost(refuses);
    const plugin = loadFilter(host, entryFor({ tags }, ID));
    const stream = plugin.open();
    stream.requestHeaders(requestOf());
    refuses.status = Status.BadArgument;
    const { headers, action } = stream.responseHeaders([[':status', '200']]);
    expect(action).toBe('continue');
    expect(headers.toPairs()).toEqual([[':status', '200']]);
    expect(errors(host, 'write')).toBe(1);
  });

  const identity = [{ query: 'id' }, { ip: true }];
  const carried: Pair[] = [...sent, ['baggage', `${STRIPPED}=forged,a=1,${TRUSTED}=%0a`]];
  // Whatever call it is, and in whatever phase: a request goes on, and the VM lives.
  it.each(HOST_CALLS)('%s never makes the filter trap', (call) => {
    for (const [, status] of statuses) {
      const refuses = { status: status as number | undefined, calls: [call] };
      const host = new RefusingHost(refuses);
      const { configuration } = hostileEntry(ID);
      const tags = (configuration.tags as { rules?: object[] }[]).map((tag) => ({
        ...tag,
        rules: [{ percent: 0, identity, mint: { cookie: 'id' }, value: 'never' }].concat(
          (tag.rules ?? []) as never[],
        ),
        carry: ['baggage'],
        echo: true,
      }));
      const entry = entryFor({ tags }, ID);
      const plugin = loadFilter(host, entry);
      const requests = () => {
        const stream = plugin.open({ sourceAddress: '192.0.2.1:1' });
        const { failed, action } = stream.requestHeaders(requestOf(carried));
        expect([failed, action]).toEqual([undefined, 'continue']);
        const response = stream.responseHeaders([[':status', '200']]);
        expect([response.failed, response.action]).toEqual([undefined, 'continue']);
        stream.done();
      };
      requests();
      plugin.configure('{');
      requests();
      refuses.status = undefined;
      expect(plugin.configure(textOf(entry))).toBe(true);
      requests();
      expect(tagAfter(plugin, STRIPPED, sent)).toEqual(['cookie']);
    }
  });

  it('to show its configuration is told so, and requests pass', () => {
    const calls = ['proxy_get_buffer_bytes'];
    const host = new RefusingHost({ status: Status.InternalFailure, calls });
    const plugin = loadFilter(host, hostileEntry(ID));
    expect(plugin.accepted).toBe(true);
    expect(tagAfter(plugin, STRIPPED, sent)).toEqual(['forged']);
    expect(errorsOf(host)).toContainEqual(
      expect.stringContaining(
        'refused at $: found a configuration that the host does not show, ' +
          'wanted proxy_get_buffer_bytes allowed',
      ),
    );
  });

  it('metrics loses them and nothing else', () => {
    const calls = ['proxy_define_metric', 'proxy_increment_metric', 'proxy_record_metric'];
    const host = new RefusingHost({ status: Status.InternalFailure, calls });
    const plugin = loadFilter(host, hostileEntry(ID));
    expect(tagAfter(plugin, STRIPPED, sent)).toEqual(['cookie']);
    expect(host.metrics.series()).toEqual([]);
  });
});

describe('what waits for a response', () => {
  const entry = entryFor({ tags: [{ header: 'x-team', incoming: 'trust', echo: true }] }, ID);
  /** Bytes that name and value of one header may have: features/response.ts. */
  const ROOM = 512 - 8 - 6;
  const STREAMS = 4096;

  function echoed(value: string): [string[], number] {
    const host = new Host();
    const stream = loadFilter(host, entry).open();
    stream.requestHeaders(requestOf([['x-team', value]]));
    const { headers } = stream.responseHeaders([[':status', '200']]);
    return [headers.getAll('x-team'), errors(host, 'response')];
  }

  it('is bounded in bytes; what does not fit is left out, counted', () => {
    const most = 'v'.repeat(ROOM - 'x-team'.length);
    expect(echoed(most)).toEqual([[most], 0]);
    expect(echoed(`${most}v`)).toEqual([[], 1]);
    expect(echoed('v'.repeat(70_000))).toEqual([[], 1]);
  });

  it('is bounded in streams; the oldest gives way, counted', () => {
    const host = new Host();
    const plugin = loadFilter(host, entry);
    const streams = Array.from({ length: STREAMS + 1 }, (_, i) => {
      const stream = plugin.open();
      stream.requestHeaders(requestOf([['x-team', `team-${i}`]]));
      return stream;
    });
    expect(errors(host, 'response')).toBe(1);
    const answers = streams.map((stream) => {
      const { headers } = stream.responseHeaders([[':status', '200']]);
      stream.done();
      return headers.getAll('x-team').join();
    });
    expect(answers[0]).toBe('');
    expect(answers.slice(1)).toEqual(streams.slice(1).map((_, i) => `team-${i + 1}`));
  });

  it('is written once, into the response of its own stream', () => {
    const host = new Host();
    const plugin = loadFilter(host, entry);
    const [one, other] = [plugin.open(), plugin.open()];
    one.requestHeaders(requestOf([['x-team', 'a']]));
    other.requestHeaders(requestOf());
    expect(other.responseHeaders([[':status', '200']]).headers.has('x-team')).toBe(false);
    expect(one.responseHeaders([[':status', '200']]).headers.get('x-team')).toBe('a');
    expect(one.responseHeaders([[':status', '200']]).headers.has('x-team')).toBe(false);
  });
});

describe('a response without a request', () => {
  it('is left alone', () => {
    const plugin = loadFilter(
      new Host(),
      entryFor({ tags: [{ header: 'a', default: '1', echo: true }] }, ID),
    );
    const { headers, failed } = plugin.open().responseHeaders([[':status', '400']]);
    expect(failed).toBeUndefined();
    expect(headers.toPairs()).toEqual([[':status', '400']]);
  });
});
