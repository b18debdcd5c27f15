// A million requests that nobody would send, through every feature at once: no trap, no growth.

import { expect, it } from 'vitest';
import { Host, ManualClock, type Plugin } from '../../envoyfilter/src/host/index.js';
import { entryFor, errorsOf, loadFilter, metricOf, requestOf, textOf } from '../harness/host.js';

type Header = [string, string];

const REQUESTS = 1_000_000;
const CAPACITY = 512;

/** Deterministic: the sequence is the same on every machine (Marsaglia, xorshift32). */
class Random {
  #state = 0x9e3779b9;

  below(count: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % count;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
const random = new Random();

const hex = (size: number) =>
  Array.from({ length: size }, () => '0123456789abcdef'[random.below(16)]).join('');
const IDS = Array.from({ length: 4000 }, () => hex(32));
const UUIDS = IDS.map((id) => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
const NAMES = [
  ...['x-request-id', 'traceparent', 'tracestate', 'b3', 'x-ot-span-context', 'baggage', 'cookie'],
  ...['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled', 'x-b3-flags'],
  ...['x-traffic-tag', 'X-Traffic-Tag', 'x_traffic_tag', 'x-stage', 'x-team', 'x-user', 'x-tenant'],
];
const ODD = ['', ' ', '\u0000', '\u00ff', ',', ';', '=', '%', '%0d%0a', '-', '0', 'd', 'true', 'é'];

function value(name: string): string {
  const id = random.of(IDS);
  switch (random.below(12)) {
    case 0:
      return random.of(ODD);
    case 1:
      return random.of(ODD).repeat(random.below(40)) + id.slice(random.below(32));
    case 2:
      return 'v'.repeat(random.below(3000));
  }
  if (name === 'x-request-id') return random.of(UUIDS);
  if (name === 'traceparent') return `00-${id}-${id.slice(16)}-0${random.below(4)}`;
  if (name === 'b3')
    return `${id.slice(random.below(2) * 16)}-${id.slice(16)}-${random.of(['0', '1', 'd'])}`;
  if (name === 'x-b3-traceid') return id;
  if (name.endsWith('spanid')) return id.slice(16);
  if (name === 'x-b3-sampled' || name === 'x-b3-flags') return String(random.below(2));
  if (name === 'baggage') return `a=1,X-Traffic-Tag=${random.of(['canary', '%0d%0a', ''])};p=1, b`;
  if (name === 'cookie') return `uid=${id}; tid=${id}; a`;
  return random.of(['canary', 'stable', 'a', 'aab']);
}

function headers(): Header[] {
  return Array.from({ length: random.below(9) }, () => {
    const name = random.of(NAMES);
    return [name, value(name)] as Header;
  });
}

const rules = [
  { when: { header: 'x-user', regex: '(a|ab)*b?.{0,20}' }, value: { header: 'x-team' } },
  { when: { header: 'x-team', contains: 'aab' }, value: 'dry', dryRun: true },
  { when: { cookie: 'beta', present: true }, value: 'beta' },
  { percent: 33.33, identity: [{ cookie: 'uid' }, { ip: true }], value: 'third' },
  { percent: 50, identity: [{ header: 'x-user' }], mint: { cookie: 'tid' }, value: 'canary' },
];
const tags = [
  { header: 'x-traffic-tag', rules, default: 'stable', carry: ['baggage'], echo: true },
  { header: 'x-stage', incoming: { allow: ['a', 'canary'] }, carry: ['baggage'] },
];
const propagate = {
  headers: ['x-traffic-tag', 'x-tenant', 'baggage'],
  formats: { write: ['b3', 'b3multi', 'w3c'] },
  capacity: CAPACITY,
  ttl: '2s',
  makeRequestId: true,
};

it('a thousand configurations leave the VMs as the first left them', () => {
  const host = new Host({ logLevel: 'error' });
  const configurations = Array.from({ length: 1000 }, (_, i) => ({
    tags: tags.map((tag) => ({
      ...tag,
      rules: rules.map((rule) => ('percent' in rule ? { ...rule, salt: `s${i}` } : rule)),
    })),
    propagate: { ...propagate, capacity: 64 << (i % 8), ttl: `${(i % 60) + 1}s` },
  }));
  const [first, ...others] = configurations.map((it) => entryFor(it, 'push/side/0', 'inbound'));
  const plugin = loadFilter(host, first!, { strict: true });
  const memory = () => plugin.vms.map((vm) => vm.memory.size);
  const before = { memory: memory(), heap: metricOf(host, 'push/side/0', 'tagalong_heap_bytes') };
  for (const entry of others) {
    expect(plugin.configure(textOf(entry))).toBe(true);
    const stream = plugin.open();
    expect(stream.requestHeaders(requestOf(headers())).failed).toBeUndefined();
    stream.done();
  }
  expect(memory()).toEqual(before.memory);
  expect(metricOf(host, 'push/side/0', 'tagalong_heap_bytes')).toBe(before.heap);
  expect(errorsOf(host)).toEqual([]);
}, 60_000);

it(`${REQUESTS} requests leave the VMs as they were`, () => {
  const clock = new ManualClock();
  const host = new Host({ workers: 2, clock, logLevel: 'error' });
  const entries = [
    entryFor({ tags }, 'million/edge/0', 'gateway'),
    entryFor({ tags, propagate }, 'million/side/0', 'inbound'),
    entryFor({ tags, propagate }, 'million/side/0', 'outbound'),
  ];
  const plugins = entries.map((entry) => loadFilter(host, entry, { strict: true }));
  expect(plugins.map(({ accepted }) => accepted)).toEqual([true, true, true]);
  const [gateway, inbound, outbound] = plugins as [Plugin, Plugin, Plugin];
  const heap = () =>
    entries.map(({ id, direction }) => metricOf(host, id, 'tagalong_heap_bytes', { direction }));
  const memory = () => plugins.flatMap(({ vms }) => vms.map((vm) => vm.memory.size));
  const before = { heap: heap(), memory: memory() };

  const send = (plugin: Plugin, headers: Header[]) => {
    const stream = plugin.open({ worker: random.below(2), sourceAddress: '192.0.2.1:1' });
    const { headers: after, failed } = stream.requestHeaders(requestOf(headers));
    if (failed !== undefined) throw new Error(`the VM has failed: ${failed}`);
    if (random.below(4) !== 0) stream.responseHeaders([[':status', '200']]);
    stream.done();
    return [...after].filter(([name]) => !name.startsWith(':')) as Header[];
  };
  for (let i = 0; i < REQUESTS; i += 3) {
    clock.advance(1_000_000n);
    const seen = send(inbound, send(gateway, headers()));
    const kept = seen.filter(() => random.below(3) === 0);
    const arrived = send(outbound, [...kept, ...(random.below(8) === 0 ? headers() : [])]);
    for (const [name, value] of arrived) {
      if (name.includes('tag') && /[\r\n]/.test(value)) throw new Error(`${name}: ${value}`);
    }
  }

  for (const [i, entry] of entries.entries()) plugins[i]?.configure(`${textOf(entry)} `);
  expect(heap()).toEqual(before.heap);
  expect(memory()).toEqual(before.memory);
  expect(errorsOf(host)).toEqual([]);
  expect(
    metricOf(host, 'million/side/0', 'tagalong_propagate_total', { outcome: 'restored' }),
  ).toBeGreaterThan(REQUESTS / 100);
}, 300_000);
