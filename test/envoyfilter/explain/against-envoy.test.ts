// What `explain` says of requests that are easily misread, and what a real Envoy does.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEnvoy } from '../../../envoyfilter/src/envoy/index.js';
import { Explainer } from '../../../envoyfilter/src/explain/explainer.js';
import { type EchoServer, startEchoServer } from '../../harness/echo-server.js';
import { sendRaw } from '../../harness/raw-client.js';
import { VERSIONS } from '../doctor/patient.js';
import { Operator } from '../up/operator.js';
import { policyAt } from './policies.js';

const FILE = fileURLToPath(new URL('./policies/tricky.yaml', import.meta.url));
const AUTHORITY = 'test.example';
/** All that the filter writes for this policy. */
const WRITTEN = /^(x-t-.*|baggage)$/;

type Headers = readonly (readonly [name: string, value: string])[];

const header = (...values: readonly string[]) => values.map((value) => value.split(/: ?(.*)/s));
const REQUESTS: readonly (readonly [target: string, ...headers: string[]])[] = [
  ['/', 'x-user-group: a', 'x-user-group: internal'],
  ['/', 'x-user-group: internal, a'],
  ['/', 'x-user-group:   internal \t'],
  ['/', 'x_user_group: internal'],
  ['/', 'cookie: a=b', 'cookie: beta=1'],
  ['/', 'cookie: beta="1"; beta=2'],
  ...['/%63heckout', '//checkout', '/a/../checkout', '/checkout%2Fx', '/a%2Fb', '/a/b;x=1', '/a/b/']
    .concat([
      '/a\\b',
      '/a%5Cb',
      '/CHECKOUT',
      '/checkout/%2e%2e/x',
      '/checkout/..;/x',
      '/%zz',
      '/%00',
    ])
    .concat(['/users/a%2Fb/orders', '/users//orders', '/checkout?a/../b', '/?q=a+b', '/?%71=a%20b'])
    .concat(['/?x=1;q=a+b', '/?q=1&q=a+b'])
    .map((target) => [target] as const),
  ['/', 'x-forwarded-for: 2001:db8::1'],
  ['/', 'x-forwarded-for: 2001:db8::1', 'x-forwarded-for: 203.0.113.7'],
  ['/', 'x-forwarded-for: '],
  ['/', 'x-team: red', 'x-team: red'],
  ['/', 'x-team: red', 'x-team: blue'],
  ['/', 'x-team: a,b'],
  ['/', 'x-t-trust: a', 'x-t-trust: a'],
  ['/', 'x-t-trust: a', 'x-t-trust: b'],
  ['/', `x-t-trust: ${'L'.repeat(300)}`],
  ['/', 'x-t-allow: canary', 'x-t-allow: stable'],
  ['/', 'baggage: a=1,x-t-allow=canary;p=1', 'baggage: b=2'],
  ['/', 'baggage: a=1, x-t-allow=evil , x-t-group=yes1, b=2'],
  ['/', 'baggage: x-t-allow=can%61ry'],
  ['/', 'baggage: x-t-allow=canary,x-t-allow=stable'],
  ['/', 'baggage: x-t-allow=canary', 'x-t-allow: stable'],
  ['/', 'baggage: ,,,', 'baggage: '],
  ['/', `baggage: k=${'ab'.repeat(10_000)}`],
  ['/', 'x-user-id: 7', 'x-user-id: 8'],
  ['/', 'x-user-id: ', 'cookie: uid=9'],
  ['/', 'x-request-id: mine-1'],
  ['/', 'x-envoy-internal: true'],
  ['/', `x-long: ${'ab'.repeat(29_000)}`],
  ['/', `x-long: ${'ab'.repeat(10_000)}end`],
];

describe.each(VERSIONS)('on Envoy %s', (version) => {
  let echo: EchoServer;
  let operator: Operator;
  let port = 0;
  beforeAll(async () => {
    echo = await startEchoServer();
    const { path } = await findEnvoy({ version });
    const to = `127.0.0.1:${echo.port}`;
    const args = [
      '-f',
      FILE,
      '--port',
      '0',
      '--version',
      `stable=${to}`,
      '--version',
      `yes1=${to}`,
    ];
    operator = new Operator(args, process.cwd(), { ...process.env, ENVOY: path });
    port = await operator.port();
  });
  afterAll(async () => {
    await operator?.stop();
    await echo?.close();
  });

  it.each(REQUESTS)('request %# goes on as explain says', async (target, ...lines) => {
    const headers = header(...lines) as unknown as Headers;
    const { status, body } = await sendRaw({ port, target, headers });
    expect(status).toBe(200);
    const written = (all: Headers) =>
      all
        .map(([name, value]) => [name.toLowerCase(), value])
        .filter(([name]) => WRITTEN.test(name!));
    const explainer = await Explainer.of(policyAt(FILE), { reasons: false });
    const told = explainer.explain({
      ...{ at: 'gateway', path: target, headers },
      ...{ authority: AUTHORITY, sourceAddress: '127.0.0.1' },
    });
    expect(written(told.headers.after).sort()).toEqual(written(JSON.parse(body).headers).sort());
  });
});
