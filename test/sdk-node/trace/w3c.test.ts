// A service that knows nothing of traces takes part in them: what the W3C validation harness asks
// of its headers, on every Node version. The harness itself is run by hand: apps/trace/w3c-service.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeBinary, nodeBinaries } from '../../harness/nodes.js';
import { latest, traceparent, tracestate } from './oracle.js';

const SERVICE = fileURLToPath(new URL('../apps/trace/w3c-service.mjs', import.meta.url));
const T = '12345678901234567890123456789012';
const P = '1234567890123456';
const GOOD = `00-${T}-${P}-01`;

type Sent = [name: string, value: string][];

let upstream: Server;
let calls: Sent[] = [];
const services = new Map<number, { child: ChildProcess; port: number }>();

const nodes: NodeBinary[] = await nodeBinaries();

beforeAll(async () => {
  upstream = createServer((incoming, outgoing) => {
    const pairs: Sent = [];
    const { rawHeaders } = incoming;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      pairs.push([rawHeaders[i]!.toLowerCase(), rawHeaders[i + 1]!]);
    }
    calls.push(pairs);
    incoming.resume().on('end', () => outgoing.end('null'));
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  await Promise.all(
    nodes.map(async ({ major, path }) => {
      const child = fork(SERVICE, {
        execPath: path,
        execArgv: ['--import', '@tagalong/node/register'],
        env: { TAGALONG_MODE: 'participate', TAGALONG_SIDECAR: 'none' },
      });
      const [{ port }] = (await once(child, 'message')) as [{ port: number }];
      services.set(major, { child, port });
    }),
  );
});

afterAll(() => {
  for (const { child } of services.values()) child.kill();
  upstream.close();
});

/** The calls that the service makes when it is asked for `count` with these headers. */
async function callsOf(major: number, headers: Sent, count = 1): Promise<Sent[]> {
  calls = [];
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
  const body = JSON.stringify(Array.from({ length: count }, () => ({ url, arguments: [] })));
  const { port } = services.get(major)!;
  const given = [...headers, ['host', 'service'], ['content-length', String(body.length)]];
  const post = request({ port, method: 'POST', headers: given.flat() });
  post.end(body);
  const [answer] = await once(post, 'response');
  await once(answer.resume(), 'end');
  expect(answer.statusCode).toBe(200);
  expect(calls).toHaveLength(count);
  return calls;
}

/** The trace that one call carries: exactly one traceparent, and at most one tracestate. */
function traceOf(sent: Sent) {
  const parents = sent.filter(([name]) => name === 'traceparent');
  const states = sent.filter(([name]) => name === 'tracestate');
  expect(parents).toHaveLength(1);
  expect(states.length).toBeLessThan(2);
  const [traceId, parentId, flags] = traceparent(parents[0]![1]) ?? [];
  expect(parentId).toBeDefined();
  expect(parents[0]![1].slice(0, 2)).toBe('00');
  return { traceId, parentId, flags, states: latest(tracestate(states[0]?.[1] ?? '') ?? []) };
}

const good = (state?: string): Sent => [
  ['traceparent', GOOD],
  ...(state === undefined ? [] : ([['tracestate', state]] as Sent)),
];

/** Headers, and what of the list goes on: a trace that continues. */
const continued: [string, Sent, string[]][] = [
  ['a traceparent', good(), []],
  [
    'capitals in names',
    [
      ['TraceParent', GOOD],
      ['TRACESTATE', 'foo=1'],
    ],
    ['foo=1'],
  ],
  ['blanks around', [['traceparent', `\t ${GOOD} \t`]], []],
  ['a later version', [['traceparent', `cc-${T}-${P}-01`]], []],
  ['a later version with more', [['traceparent', `cc-${T}-${P}-01-what-comes`]], []],
  ['a list', good('foo=1,bar=2'), ['foo=1', 'bar=2']],
  ['a list with blanks', good('foo=1 \t , \t bar=2, \t baz=3'), ['foo=1', 'bar=2', 'baz=3']],
  ['an empty list', good(''), []],
  ['an empty list behind another', [...good('foo=1'), ['tracestate', '']], ['foo=1']],
  [
    'lists in several headers, in order',
    [...good('foo=1,bar=2'), ['tracestate', 'rojo=1,congo=2'], ['tracestate', 'baz=3']],
    ['foo=1', 'bar=2', 'rojo=1', 'congo=2', 'baz=3'],
  ],
  ['a key twice', [...good('foo=1'), ['tracestate', 'foo=2']], ['foo=1']],
  ['another header', [...good(), ['trace-state', 'foo=1']], []],
  ['a key with @ inside', good('foo@@bar=1,bar=2'), ['foo@@bar=1', 'bar=2']],
  ['a bad key', good('@foo=1,bar=2'), []],
  ['a bad value', good('foo=,bar=3'), []],
  ['33 members', good(Array.from({ length: 33 }, (_, i) => `k${i}=1`).join()), []],
];

/** Headers from which a new trace begins. */
const begun: [string, Sent][] = [
  ['none', []],
  ['a list alone', [['tracestate', 'foo=1']]],
  ['another header', [['trace-parent', GOOD]]],
  ['two traceparents', [...good(), ...good()]],
  ['a dot behind', [['traceparent', `${GOOD}.`]]],
  [
    'more than version 00 has',
    [
      ['traceparent', `${GOOD}-x`],
      ['tracestate', 'foo=1'],
    ],
  ],
  ['a dot behind a later version', [['traceparent', `cc-${T}-${P}-01.x`]]],
  ['version ff', [['traceparent', `ff-${T}-${P}-01`]]],
  ['a short version', [['traceparent', `0-${T}-${P}-01`]]],
  ['a trace id of zeros', [['traceparent', `00-${'0'.repeat(32)}-${P}-01`]]],
  ['a long trace id', [['traceparent', `00-${T}3-${P}-01`]]],
  ['a parent id of zeros', [['traceparent', `00-${T}-${'0'.repeat(16)}-01`]]],
  ['flags that are no hex', [['traceparent', `00-${T}-${P}-.0`]]],
  ['short flags', [['traceparent', `00-${T}-${P}-1`]]],
];

describe.each(nodes.map(({ major }) => major))('a service on Node %i', (major) => {
  it.each(continued)('continues the trace: %s', async (_, headers, states) => {
    const [sent] = await callsOf(major, headers);
    const found = traceOf(sent!);
    expect(found).toMatchObject({ traceId: T, flags: 1, states });
    expect(found.parentId).not.toBe(P);
  });

  it.each(begun)('begins a trace: %s', async (_, headers) => {
    const [sent] = await callsOf(major, headers);
    const { traceId, states, flags } = traceOf(sent!);
    expect(traceId).not.toBe(T);
    expect(states).toEqual([]);
    expect(flags).toBe(2);
  });

  it.each([
    ['good', good()],
    ['malformed', [['traceparent', 'x']] as Sent],
    ['no', []],
  ])('gives each of its calls an id of its own in one trace: %s headers', async (_, headers) => {
    const traces = (await callsOf(major, headers, 3)).map(traceOf);
    expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(1);
    expect(new Set(traces.map(({ parentId }) => parentId)).size).toBe(3);
  });
});
