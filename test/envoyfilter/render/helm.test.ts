// The chart against the renderers: Helm's own code makes of the values what they make of the policy.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { type Policy, readPolicy } from '../../../envoyfilter/src/policy/policy.js';
import { envResources } from '../../../envoyfilter/src/render/env.js';
import { renderHelm } from '../../../envoyfilter/src/render/helm/helm.js';
import { renderEnvoyFilter } from '../../../envoyfilter/src/render/istio/envoyfilter.js';
import { wasmModule } from '../../../envoyfilter/src/render/module.js';
import type { RenderOptions } from '../../../envoyfilter/src/render/options.js';
import type { Resource } from '../../../envoyfilter/src/render/resource.js';
import { LATEST } from '../../../envoyfilter/src/render/target.js';
import { goldenPath } from '../../harness/golden.js';
import { findHelm, type Helm, type HelmRun } from '../../harness/helm.js';
import { wasmBytes } from '../../harness/wasm.js';

/** The real one: it offers every host call that a policy may need. */
const options: RenderOptions = { target: LATEST, module: wasmModule(wasmBytes()) };
const helm = await findHelm();

/** Kind/namespace/name → the object, with JSON in texts as data. */
type Objects = Record<string, unknown>;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tagalong-helm-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let made = 0;

/** Writes a policy's chart. */
async function chartOf(policy: Policy): Promise<string> {
  const root = join(folder, `chart-${++made}`);
  const { files } = await renderHelm([policy], options);
  for (const { path, content } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

function parsed(text: string): Resource[] {
  const documents = parseAllDocuments(text, { version: '1.1' });
  return documents
    .map((document) => document.toJS() as Resource | null)
    .filter((one) => one !== null);
}

function byName(resources: readonly Resource[]): Objects {
  return Object.fromEntries(
    resources.map((one) => {
      const { name, namespace } = one.metadata;
      return [`${one.kind}/${namespace}/${name}`, comparable(one)];
    }),
  );
}

/** The order of keys is Go's own in what JSON holds, and in lists that are made of mappings. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'string') return value.startsWith('{"') ? JSON.parse(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const inner = comparable(item);
      return [key, key === 'response_headers_to_add' ? sorted(inner as object[]) : inner];
    }),
  );
}

function sorted(items: readonly object[]): string[] {
  return items.map((item) => JSON.stringify(item, Object.keys(item).sort())).sort();
}

async function rendered(policy: Policy): Promise<Objects> {
  const { files } = await renderEnvoyFilter([policy], options);
  const resources = files
    .filter(({ path }) => !path.startsWith('pod-annotations/'))
    .flatMap(({ content }) => parsed(content as string));
  return byName([...resources, ...envResources(policy)]);
}

function succeeded({ code, stdout, stderr }: HelmRun): string {
  expect(code, stderr).toBe(0);
  return stdout;
}

async function read(path: string): Promise<Policy> {
  return readPolicy(await readFile(path, 'utf8'));
}

const versions = { stable: { version: 'v1' }, canary: { version: 'v2' } };

const MINTING = { value: 'a', percent: 1, mint: { cookie: 'id' } };

/** What the golden policies have not. */
const rest: Policy = {
  metadata: { name: 'All.Of-it', namespace: 'shop' },
  spec: {
    filters: [
      {
        at: 'gateway',
        namespace: 'istio-ingress',
        mode: 'dryRun',
        tags: [
          {
            header: 'x-stage',
            echo: true,
            rules: [{ value: 'a<b>&"c"', percent: 0.01, mint: { cookie: 'id' } }],
          },
        ],
        limits: [
          {
            ...{ name: 'Search', rate: '5/h', scope: 'global', dryRun: true, per: [{ ip: true }] },
            reject: { status: 503, headers: { 'x-why': '100%', 'a-first': 'no' } },
          },
        ],
      },
      {
        at: 'inbound',
        selector: { app: 'a' },
        limits: [
          { name: 'own', rate: '10/s', reply: { onSuccess: true } },
          {
            ...{ name: 'Two', rate: '30/m', scope: 'global', onServiceFailure: 'reject' },
            reject: { status: 403, headers: { 'x-why': '100%' } },
          },
        ],
      },
      // Each with host calls of its own.
      { at: 'gateway', selector: { app: 'b' }, tags: [{ header: 'x-stage', rules: [MINTING] }] },
      { at: 'gateway', gateway: 'edge', limits: [{ name: 'own', rate: '10/s' }] },
      { at: 'gateway', selector: { app: 'c' }, tags: [{ header: 'x-stage', echo: true }] },
      { at: 'sidecar', selector: { app: 'd' }, propagate: {} },
    ],
    routes: [
      {
        ...{ host: 'reviews', tag: 'X-Traffic-Tag', versions, default: 'stable' },
        fallback: 'stable',
        faults: { canary: { delay: { fixed: '1s', percent: 0 }, abort: { status: 500 } } },
        retries: { attempts: 0, retryOn: ['503'], perTryTimeout: '1s' },
        timeout: '3s',
        outlierDetection: { consecutiveErrors: 2, maxEjectionPercent: 0 },
        connection: { keepalive: { probes: 3 }, maxRequestsPerConnection: 10 },
      },
      {
        ...{
          host: 'ratings.example.com',
          tag: 'x-traffic-tag',
          default: 'a',
          fallback: 'c',
          port: 80,
        },
        gateways: ['mesh', 'istio-ingress/public'],
        versions: {
          b: { labels: { version: 'v2' }, when: { 'X-B': '1' } },
          a: { labels: { version: 'v1' }, when: { 'x-a': '1', 'x-b': '1' } },
          c: { version: 'v3' },
        },
      },
    ],
    rateLimitService: { host: 'ratelimit', port: 9000, timeout: '1500ms' },
    delivery: { code: { configMap: 'filter' }, onFailure: 'open' },
    sdk: {
      headers: ['x-tenant'],
      direct: { reviews: { address: 'direct:9443', tls: true } },
      holdMs: 0,
      mode: 'sanitize',
    },
    mesh: { sidecar: { hosts: ['payments', 'data/*', '*.example.org'] }, xdsKeepalive: true },
  },
};

const DELIVERIES: readonly NonNullable<Policy['spec']['delivery']>[] = [
  {},
  { code: 'inline', onFailure: 'closed' },
  { code: { file: '/opt/tagalong.wasm' } },
  { code: { http: 'https://files.example/tagalong.wasm' } },
  { code: { oci: `oci://registry.example/tagalong@sha256:${'0'.repeat(64)}` } },
  { code: { oci: 'registry.example/tagalong:1' } },
];

/** Policies over all that a template decides by. */
const policies: fc.Arbitrary<Policy> = fc.record({
  metadata: fc.record({
    name: fc.constantFrom('shop', 'Shop', 'a.b', 'a-b', 'x'.repeat(70)),
    namespace: fc.constantFrom('shop', 'other'),
  }),
  spec: fc.record(
    {
      mode: fc.constantFrom('enforce', 'dryRun', 'disabled'),
      filters: fc.array(
        fc
          .record(
            {
              at: fc.constantFrom('gateway', 'inbound', 'outbound', 'sidecar'),
              namespace: fc.constantFrom('shop', 'istio-ingress'),
              selector: fc.constantFrom({}, { app: 'a' }),
              mode: fc.constantFrom('enforce', 'dryRun', 'disabled'),
              tags: fc.constantFrom(
                ...[[], [{ header: 'X-A' }], [{ header: 'x-a', echo: true }]],
                [{ header: 'x-b', rules: [{ ...MINTING, dryRun: true }] }],
                [{ header: 'x-b', rules: [{ value: 'b' }, MINTING] }],
              ),
              limits: fc.constantFrom(
                ...[[], [{ name: 'a', rate: '1/s' }]],
                [{ name: 'B', rate: '2/m', scope: 'global' }],
                [{ name: 'c', rate: '3/h', reply: { onSuccess: true } }],
              ),
              propagate: fc.constantFrom({}, { ttl: '60s' }),
            },
            { requiredKeys: ['at'] },
          )
          // What a gateway lets in has nowhere come from.
          .map(({ propagate, ...one }) =>
            one.at === 'gateway' || !propagate ? one : { ...one, propagate },
          ),
        { minLength: 1, maxLength: 3 },
      ),
      routes: fc.uniqueArray(
        fc.record(
          {
            host: fc.constantFrom('reviews', 'ratings.example.com', 'a.b.svc.cluster.local'),
            tag: fc.constant('x-traffic-tag'),
            versions: fc.constantFrom(
              versions,
              { ...versions, Feat_1: { version: 'v3', track: 'x' } },
              {
                stable: { app: 'r', version: 'v1' },
                canary: { app: 'r', version: 'v2', beta: 'y' },
              },
              { stable: { app: 'r', version: 'v1' }, canary: { app: 'r' } },
              {
                stable: { labels: { version: 'v1' }, when: { 'x-a': '1', 'x-b': '1' } },
                canary: { labels: { version: 'v2' }, when: { 'x-a': '1' } },
              },
            ),
            default: fc.constantFrom('stable', 'canary'),
            fallback: fc.constantFrom('stable', 'canary'),
            port: fc.constant(8080),
            retries: fc.constantFrom({ attempts: 0 }, { attempts: 3, retryOn: ['503'] }),
            outlierDetection: fc.constantFrom({}, { maxEjectionPercent: 0 }),
            connection: fc.constantFrom({}, { connectTimeout: '1s' }, { keepalive: {} }),
          },
          { requiredKeys: ['host', 'tag', 'versions', 'default'] },
        ),
        { maxLength: 3, selector: ({ host }) => host },
      ),
      rateLimitService: fc.constantFrom(
        { host: 'ratelimit' },
        { host: 'a.b', timeout: '250ms' },
        { host: 'a', timeout: '2m' },
      ),
      delivery: fc.constantFrom(...DELIVERIES),
      mesh: fc.constantFrom({}, { sidecar: true }, { sidecar: false }),
    },
    { requiredKeys: ['filters', 'rateLimitService'] },
  ),
}) as fc.Arbitrary<Policy>;

/** Generated ones; each is a run of helm. */
const RUNS = 40;

describe.runIf(helm)('the chart', () => {
  const run: Helm = (...args) => helm!(...args);

  it.each([
    ['of filters', () => read(goldenPath(import.meta.url, 'filters.yaml'))],
    ['of routes', () => read(goldenPath(import.meta.url, 'routes.yaml'))],
    ['of all else', async () => rest],
  ])('%s makes what is rendered', async (_what, policy) => {
    const chart = await chartOf(await policy());
    const objects = byName(parsed(succeeded(await run('template', 'x', chart))));
    expect(objects).toEqual(await rendered(await policy()));
  });

  it('makes what is rendered of other values too', async () => {
    const chart = await chartOf(rest);
    await fc.assert(
      fc.asyncProperty(policies, async (policy) => {
        await writeFile(join(chart, 'values.yaml'), stringify(policy, { version: '1.1' }));
        const objects = byName(parsed(succeeded(await run('template', 'x', chart))));
        expect(objects).toEqual(await rendered(policy));
      }),
      { numRuns: RUNS, seed: 7 },
    );
  }, 120_000);

  it('passes lint', async () => {
    const chart = await chartOf(rest);
    const { stdout } = await run('lint', '--strict', chart);
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(stdout).not.toMatch(/WARNING|ERROR/);
  });

  it('is staged by namespaces', async () => {
    const chart = await chartOf(rest);
    const places = async (...flags: string[]) => {
      const objects = parsed(succeeded(await run('template', 'x', chart, ...flags)));
      return [...new Set(objects.map(({ metadata }) => metadata.namespace))].sort();
    };
    expect(await places()).toEqual(['istio-ingress', 'shop']);
    expect(await places('--set', 'namespaces.include={shop}')).toEqual(['shop']);
    expect(await places('--set', 'namespaces.exclude={shop}')).toEqual(['istio-ingress']);
  });

  it.each([
    ['an unknown key', 'spec.filter=1'],
    ['a version it was not made for', 'istio=1.20'],
    ['a mode that is none', 'spec.mode=on'],
    ['no name', 'metadata.name=null'],
  ])('refuses %s', async (_what, value) => {
    const { code, stderr } = await run('template', 'x', await chartOf(rest), '--set', value);
    expect(code).not.toBe(0);
    expect(stderr).toContain("don't meet the specifications of the schema");
  });
});

describe('a chart', () => {
  it('has the version of the package', async () => {
    const { version } = createRequire(import.meta.url)('../../../envoyfilter/package.json');
    const { files } = await renderHelm([rest], options);
    const chart = parse(String(files.find(({ path }) => path === 'Chart.yaml')?.content));
    expect([chart.version, chart.appVersion]).toEqual([version, version]);
  });

  it('is of one policy', async () => {
    await expect(renderHelm([], options)).rejects.toThrow('found 0 policies, wanted one');
    await expect(renderHelm([rest, rest], options)).rejects.toThrow('found 2 policies');
  });
});
