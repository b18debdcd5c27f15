// The chart with values that its schema cannot judge: refused in words, or made into nothing that
// fails a request. `validate` would have said so of the policy; Helm is given values by anybody.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Policy, RouteSpec } from '../../../envoyfilter/src/policy/policy.js';
import { renderHelm } from '../../../envoyfilter/src/render/helm/helm.js';
import { wasmModule } from '../../../envoyfilter/src/render/module.js';
import type { Resource } from '../../../envoyfilter/src/render/resource.js';
import { LATEST } from '../../../envoyfilter/src/render/target.js';
import { findHelm } from '../../harness/helm.js';
import { wasmBytes } from '../../harness/wasm.js';

const helm = await findHelm();

const route = (host: string, more: Partial<RouteSpec> = {}): RouteSpec => ({
  host,
  tag: 'x-traffic-tag',
  versions: { stable: { version: 'v1' }, canary: { version: 'v2' } },
  default: 'stable',
  ...more,
});
const POLICY: Policy = {
  metadata: { name: 'shop', namespace: 'shop' },
  spec: { filters: [{ at: 'sidecar', propagate: {} }] },
};

describe.runIf(helm)('the chart', () => {
  let chart: string;

  beforeAll(async () => {
    chart = await mkdtemp(join(tmpdir(), 'tagalong-helm-'));
    const options = { target: LATEST, module: wasmModule(wasmBytes()) };
    const { files } = await renderHelm([POLICY], options);
    for (const { path, content } of files) {
      await mkdir(dirname(join(chart, path)), { recursive: true });
      await writeFile(join(chart, path), content);
    }
  });
  afterAll(() => rm(chart, { recursive: true, force: true }));

  const template = (routes: readonly RouteSpec[], ...flags: readonly string[]) =>
    helm!('template', 'x', chart, '--set-json', `spec.routes=${JSON.stringify(routes)}`, ...flags);

  it.each([
    ['default', { default: 'nobody' }],
    ['fallback', { fallback: 'nobody' }],
    ['faults', { faults: { nobody: { abort: { status: 503 } } } }],
  ])('refuses a %s that is no version', async (key, more) => {
    const { code, stderr } = await template([route('details'), route('reviews', more)]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      `spec.routes[1].${key}: found "nobody", wanted one of versions: canary, stable`,
    );
  });

  it('refuses a host that is routed twice', async () => {
    const twice = [route('reviews'), route('reviews.shop.svc.cluster.local')];
    const { code, stderr } = await template(twice);
    expect(code).not.toBe(0);
    expect(stderr).toContain('spec.routes[1].host: found "reviews.shop.svc.cluster.local"');
  });

  it.each([
    [[], ['reviews', 'stock']],
    [['--set', 'namespaces.include={shop}'], ['reviews']],
    [['--set', 'namespaces.exclude={data}'], ['reviews']],
    [['--set', 'namespaces.include={data}'], []],
  ])('with %j routes no host without its subsets', async (flags, routed) => {
    const routes = [route('reviews'), route('stock.data.svc.cluster.local')];
    const { code, stdout } = await template(routes, ...flags);
    expect(code).toBe(0);
    const objects = parseAllDocuments(stdout).flatMap((one) => (one.toJS() as Resource) ?? []);
    const hosts = objects
      .filter(({ kind }) => kind === 'VirtualService')
      .map(({ spec }) => (spec as { hosts: string[] }).hosts[0]?.split('.')[0]);
    expect(hosts.sort()).toEqual(routed);
  });
});
