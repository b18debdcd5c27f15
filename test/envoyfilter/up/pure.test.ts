// What `tagalong up` makes of addresses and of lines of the access log.

import { describe, expect, it } from 'vitest';
import { releaseModule } from '../../../envoyfilter/src/host/module.js';
import { readPolicy } from '../../../envoyfilter/src/policy/policy.js';
import { wasmModule } from '../../../envoyfilter/src/render/module.js';
import { EndpointError, endpointsOf, versionAt } from '../../../envoyfilter/src/up/endpoints.js';
import {
  describeRequest,
  type RequestLine,
  readRequestLine,
} from '../../../envoyfilter/src/up/request-line.js';
import { setupOf } from '../../../envoyfilter/src/up/setup.js';

const policy = (routes: string) =>
  readPolicy(
    `{apiVersion: tagalong/v1, kind: Policy, metadata: {name: a}, spec: {filters: [], ${routes}}}`,
  );
const route = (host: string) =>
  `{host: ${host}, tag: t, versions: {stable: {v: a}, canary: {v: b}}, default: stable}`;

describe('addresses of versions', () => {
  const two = policy(`routes: [${route('x')}, ${route('y')}]`);

  it('are those of all routes that have the version, or of one', () => {
    expect(endpointsOf([two], ['stable=a:1', 'x/canary=[::1]:2', 'y/canary=b.example:3'])).toEqual({
      'x/stable': 'a:1',
      'y/stable': 'a:1',
      'x/canary': '[::1]:2',
      'y/canary': 'b.example:3',
    });
  });

  it('are that of the application where nothing is routed', () => {
    expect(endpointsOf([policy('mode: enforce')], ['app=a:1'])).toEqual({ app: 'a:1' });
  });

  it('are that of the application where requests come in at its sidecar', () => {
    const inbound = readPolicy(
      '{apiVersion: tagalong/v1, kind: Policy, metadata: {name: a}, spec: ' +
        `{filters: [{at: inbound, tags: [{header: t, default: a}]}], routes: [${route('x')}]}}`,
    );
    expect(endpointsOf([inbound], ['app=a:1'])).toEqual({ app: 'a:1' });
    expect(() => endpointsOf([inbound], ['stable=a:1', 'canary=a:2'])).toThrow(
      'No address for app: wanted also --version app=HOST:PORT',
    );
    const setup = setupOf([inbound], {
      endpoints: { app: '127.0.0.1:7' },
      port: 0,
      adminPort: 0,
      root: '/tmp',
      envoy: '1.40',
      module: wasmModule(releaseModule()),
    });
    expect(setup.notes).toEqual([]);
    expect(JSON.stringify(setup.bootstrap)).toContain('"port_value":7');
  });

  it.each([
    ['stable', /found "stable", wanted NAME=HOST:PORT, as stable=127\.0\.0\.1:3001/],
    ['stable=a', /wanted NAME=HOST:PORT/],
    ['stable=http://a:1', /wanted NAME=HOST:PORT/],
    ['stable=a:0', /wanted NAME=HOST:PORT/],
    ['stable=a:65536', /wanted NAME=HOST:PORT/],
    ['canari=a:1', /found "canari", wanted a version of the policy: x\/stable, x\/canary, y/],
    [
      'stable=a:1',
      /No address for x\/canary, y\/canary: wanted also --version x\/canary=HOST:PORT/,
    ],
  ])('are refused with what is wanted: %s', (given, message) => {
    expect(() => endpointsOf([two], [given])).toThrow(message);
    expect(() => endpointsOf([two], [given])).toThrow(EndpointError);
  });

  it('lead back to versions, by the port where a name stands for the address', () => {
    const endpoints = { 'x/a': 'localhost:1', 'x/b': '127.0.0.1:2', 'x/c': '10.0.0.9:2' };
    expect(versionAt(endpoints, '127.0.0.1:2')).toBe('x/b');
    expect(versionAt(endpoints, '[::1]:1')).toBe('x/a');
    expect(versionAt(endpoints, '10.0.0.8:2')).toBe('10.0.0.8:2');
    expect(versionAt(endpoints, '127.0.0.1:3')).toBe('127.0.0.1:3');
  });
});

describe('a request', () => {
  const endpoints = { 'x/stable': '127.0.0.1:1', 'x/canary': '127.0.0.1:2' };
  const line: RequestLine = {
    method: 'GET',
    path: '/',
    tags: { t: 'canary' },
    route: 'x/canary',
    upstream: '127.0.0.1:2',
    status: 200,
    details: 'via_upstream',
    flags: '-',
    failure: '-',
    ms: 3,
  };

  it.each([
    [{}, '200  GET /  t: canary → x/canary (127.0.0.1:2)  3 ms'],
    [{ tags: {} }, '200  GET /  no tag → x/canary (127.0.0.1:2)  3 ms'],
    [
      { upstream: '127.0.0.1:1' },
      '200  GET /  t: canary → x/canary, which is down → x/stable (127.0.0.1:1)  3 ms',
    ],
    [
      { status: 503, upstream: '-', flags: 'UH' },
      '503  GET /  t: canary → x/canary, which has no healthy endpoint  3 ms',
    ],
    [
      { status: 503, flags: 'UF,URX', failure: 'delayed_connect_error:_Connection_refused' },
      '503  GET /  t: canary → x/canary at 127.0.0.1:2, which cannot be reached (delayed connect error: Connection refused)  3 ms',
    ],
    [
      { status: 404, route: '-', upstream: '-', flags: 'NR', details: 'route_not_found' },
      '404  GET /  t: canary → answered by Envoy (route_not_found)  3 ms',
    ],
    [{ status: 0 }, 'gone GET /  t: canary → x/canary (127.0.0.1:2)  3 ms'],
  ])('is told in one line: %#', (change, text) => {
    expect(describeRequest({ ...line, ...change }, endpoints)).toBe(text);
  });

  it('is read from a line of its own, and from no other', () => {
    expect(
      readRequestLine('{"mark":"tagalong-request","status":200,"tag:t":"a\\nb"}'),
    ).toMatchObject({ status: 200, tags: { t: 'a\nb' } });
    for (const other of [
      '',
      '[2026][warning] tagalong-request',
      '{"mark":"other","path":"tagalong-request"}',
      '{"mark":"tagalong-request"',
    ]) {
      expect(readRequestLine(other)).toBeUndefined();
    }
  });
});
