// What a service passes on of trace headers that others lose or bend, in each mode, on every Node
// version: it receives them with node:http and calls with fetch.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRACE_SET } from '../../../sdk-node/src/headers/names.js';
import { nodeBinaries } from '../../harness/nodes.js';

const SERVICE = fileURLToPath(new URL('../apps/trace/w3c-service.mjs', import.meta.url));
const MODES = ['verbatim', 'sanitize', 'participate'] as const;
type Headers = Record<string, string>;

const T = '463ac35c9f6413ad48485a3953bb6124';
const T64 = '48485a3953bb6124';
const S = 'a2fb4a1d1a96d312';
const P = '0020000000000001';
const OTHER = '0af7651916cd43dd8448eb211c80319c';
/** Stands for a span id that is new to this call, and for a trace id that is new. */
const NEW = '<new span>';
const NEW_TRACE = '<new trace>';

/** Headers that came; what sanitize passes on, where that is less; what participate passes on. */
const rows: [string, Headers, Headers | undefined, Headers][] = [
  ['b3: 0', { b3: '0' }, undefined, { b3: '0' }],
  ['b3: d', { b3: 'd' }, undefined, { b3: 'd' }],
  ['x-b3-sampled: 0 alone', { 'x-b3-sampled': '0' }, undefined, { 'x-b3-sampled': '0' }],
  ['b3 that leaves sampling open', { b3: `${T}-${S}` }, undefined, { b3: `${T}-${NEW}` }],
  [
    'x-b3 ids that leave sampling open',
    { 'x-b3-traceid': T, 'x-b3-spanid': S },
    undefined,
    { 'x-b3-traceid': T, 'x-b3-spanid': NEW, 'x-b3-parentspanid': S },
  ],
  ['b3 with a parent', { b3: `${T}-${S}-1-${P}` }, undefined, { b3: `${T}-${NEW}-1-${S}` }],
  [
    'x-b3 with a parent',
    { 'x-b3-traceid': T, 'x-b3-spanid': S, 'x-b3-parentspanid': P, 'x-b3-flags': '1' },
    undefined,
    { 'x-b3-traceid': T, 'x-b3-spanid': NEW, 'x-b3-parentspanid': S, 'x-b3-flags': '1' },
  ],
  ['a trace id of 64 bits', { b3: `${T64}-${S}-1` }, undefined, { b3: `${T64}-${NEW}-1-${S}` }],
  ['capitals in hex', { b3: `${T.toUpperCase()}-${S}-1` }, {}, { b3: `${NEW_TRACE}-${NEW}` }],
  [
    'traceparent with every flag set',
    { traceparent: `00-${T}-${S}-ff` },
    undefined,
    { traceparent: `00-${T}-${NEW}-03` },
  ],
  [
    'traceparent of version cc with more',
    { traceparent: `cc-${T}-${S}-01-x`, tracestate: 'a=1' },
    undefined,
    { traceparent: `00-${T}-${NEW}-01`, tracestate: 'a=1' },
  ],
  [
    'tracestate without traceparent',
    { tracestate: 'a=1' },
    {},
    { traceparent: `00-${NEW_TRACE}-${NEW}-02` },
  ],
  [
    'b3 with junk around it',
    { b3: `x${T}-${S}-1x`, 'x-request-id': 'r' },
    { 'x-request-id': 'r' },
    { b3: `${NEW_TRACE}-${NEW}`, 'x-request-id': 'r' },
  ],
  [
    'B3 and W3C of different traces',
    { traceparent: `00-${OTHER}-${S}-01`, b3: `${T}-${P}-0` },
    undefined,
    { traceparent: `00-${OTHER}-${NEW}-01`, b3: `${T}-${NEW}-0-${P}` },
  ],
  [
    'formats of other tracers',
    { sw8: '1-x', 'x-datadog-trace-id': '7', 'x-cloud-trace-context': 'a/1;o=1' },
    undefined,
    { sw8: '1-x', 'x-datadog-trace-id': '7', 'x-cloud-trace-context': 'a/1;o=1' },
  ],
  ['none', {}, undefined, { traceparent: `00-${NEW_TRACE}-${NEW}-02` }],
];

const nodes = await nodeBinaries();
const services = new Map<string, { child: ChildProcess; port: number }>();
let upstream: Server;
let received: Headers = {};

beforeAll(async () => {
  upstream = createServer(({ headers }, response) => {
    const names = [...TRACE_SET, 'x-request-id'].filter((name) => headers[name] !== undefined);
    received = Object.fromEntries(names.map((name) => [name, String(headers[name])]));
    response.end('null');
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  for (const mode of MODES) {
    await Promise.all(
      nodes.map(async ({ major, path }) => {
        const child = fork(SERVICE, {
          execPath: path,
          execArgv: ['--import', '@tagalong/node/register'],
          env: { TAGALONG_MODE: mode, TAGALONG_SIDECAR: 'none' },
        });
        const [{ port }] = (await once(child, 'message')) as [{ port: number }];
        services.set(`${major} ${mode}`, { child, port });
      }),
    );
  }
});

afterAll(() => {
  for (const { child } of services.values()) child.kill();
  upstream.close();
});

/** The headers of the call that a service makes. */
async function passedOn(service: string, came: Headers): Promise<Headers> {
  received = { nothing: 'came' };
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
  const post = request({ port: services.get(service)!.port, method: 'POST', headers: came });
  post.end(JSON.stringify([{ url, arguments: [] }]));
  const [answer] = await once(post, 'response');
  await once(answer.resume(), 'end');
  expect(answer.statusCode).toBe(200);
  return received;
}

/** With what is new named as such. */
function named(sent: Headers, came: Headers): Headers {
  const known = Object.values(came).join(' ');
  const name = (id: string) => {
    if (known.includes(id)) return id;
    return id.length === 32 ? NEW_TRACE : NEW;
  };
  return Object.fromEntries(
    Object.entries(sent).map(([key, value]) => [
      key,
      value.replace(/\b(?:[0-9a-f]{32}|[0-9a-f]{16})\b/g, name),
    ]),
  );
}

describe.each(nodes.map(({ major }) => major))('a service on Node %i', (major) => {
  it.each(rows)('%s', async (_, came, sanitized, participated) => {
    expect(await passedOn(`${major} verbatim`, came)).toEqual(came);
    expect(await passedOn(`${major} sanitize`, came)).toEqual(sanitized ?? came);
    const sent = await passedOn(`${major} participate`, came);
    expect(named(sent, came)).toEqual(participated);
  });
});
