// Every metric that alerts and dashboard ask for is one that a real Envoy shows, with the labels that
// they are asked by. Istio's own are those of its documentation: PyPI's Envoy has no Istio in it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  type EnvoyProcess,
  findEnvoy,
  type Sample,
  SUPPORTED_VERSIONS,
  startEnvoy,
} from '../../../envoyfilter/src/envoy/index.js';
import { filterEntries } from '../../../envoyfilter/src/policy/policy.js';
import { filterName, objectName } from '../../../envoyfilter/src/render/names.js';
import { renderGrafana } from '../../../envoyfilter/src/render/observe/grafana.js';
import { FILTER_METRICS } from '../../../envoyfilter/src/render/observe/metric-names.js';
import { renderPrometheus } from '../../../envoyfilter/src/render/observe/prometheus.js';
import { discoveredFilter, extensionConfig } from '../../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route } from '../../harness/bootstrap.js';
import { send } from '../../harness/client.js';
import { DiscoveryFolder } from '../../harness/ecds.js';
import { type EchoServer, startEchoServer } from '../../harness/echo-server.js';
import { WASM_PATH } from '../../harness/wasm.js';
import { ALL } from './policies.js';
import { type Matcher, readPromql } from './promql.js';
import { textsOf } from './render.js';

/** Set by what scrapes. */
const OF_THE_SCRAPE = new Set(['job', 'instance', 'namespace', 'pod']);
/**
 * As Istio's documentation has them, response_flags among the labels of requests; those of istiod and
 * of the agent (whose names begin with istio_agent_) as its source, pkg/xds and pkg/wasm of 1.31.
 */
const ISTIO: Readonly<Record<string, readonly string[]>> = {
  istio_requests_total: [
    ...['reporter', 'response_code', 'response_flags'],
    ...['destination_service', 'destination_version'],
  ],
  pilot_total_xds_rejects: ['type'],
  istio_agent_wasm_remote_fetch_count: ['result'],
};

async function expressions(): Promise<string[]> {
  const alerts = (await textsOf(renderPrometheus, [ALL]))['tagalong.rules.yaml'] ?? '';
  const rules = parse(alerts) as { groups: { rules: { expr: string }[] }[] };
  const board = (await textsOf(renderGrafana, [ALL]))['tagalong.dashboard.json'] ?? '';
  const panels = JSON.parse(board) as { panels: { targets?: { expr: string }[] }[] };
  return [
    ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
    ...panels.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ];
}

const asked = await expressions();

function isNamed(name: string, metric: string, matchers: readonly Matcher[]): boolean {
  const pattern = matchers.find(({ label }) => label === '__name__')?.value ?? metric;
  return new RegExp(`^(?:${pattern})$`).test(name);
}

it('counters with names of their own are found whatever object brought the filter', () => {
  const patterns = asked
    .flatMap((expr) => readPromql(expr).asked.flatMap(({ matchers }) => matchers))
    .filter(({ label }) => label === '__name__');
  const [, inbound] = filterEntries(ALL);
  const object = `shop.${objectName(ALL.metadata.name, inbound!)}~istio-translated-wasmplugin`;
  for (const plugin of ['shop/all.of-it/1', object]) {
    const name = `envoy_wasm_${plugin.replace(/\W/g, '_')}_vm_reload_failure`;
    const fits = patterns.filter(({ value }) => new RegExp(`^(?:${value})$`).test(name));
    expect(fits, name).toHaveLength(1);
  }
});

it('Istio is asked for what it documents', () => {
  const names = asked.flatMap((expr) => readPromql(expr).asked);
  const istio = names.filter(({ metric }) => /^(istio|pilot)_/.test(metric));
  expect(new Set(istio.map(({ metric }) => metric))).toEqual(new Set(Object.keys(ISTIO)));
  for (const { metric, matchers } of istio) {
    for (const { label } of matchers) expect(ISTIO[metric], metric).toContain(label);
  }
});

describe.each([SUPPORTED_VERSIONS[0], SUPPORTED_VERSIONS.at(-1)!])('Envoy %s', (version) => {
  let echo: EchoServer;
  let folder: DiscoveryFolder;
  let envoy: EnvoyProcess;
  let samples: Sample[];

  beforeAll(async () => {
    echo = await startEchoServer();
    folder = await DiscoveryFolder.make();
    const entries = filterEntries(ALL);
    for (const entry of entries) {
      const options = { wasmPath: WASM_PATH, envoy: version };
      await folder.push(entry.direction, [extensionConfig(filterName(entry), entry, options)]);
    }
    const listeners = entries.map((entry) => ({
      name: entry.direction,
      filters: [discoveredFilter(filterName(entry), folder.source(entry.direction))],
      routes: [
        { ...route('gone'), match: { prefix: '/gone' } },
        { ...route('none'), match: { prefix: '/none' } },
        route('echo'),
      ],
    }));
    const clusters = [
      { name: 'echo', port: echo.port },
      // Port 1 is nobody's.
      { name: 'gone', port: 1 },
      { name: 'none', port: 1 },
    ];
    const all = bootstrap(listeners, clusters) as {
      static_resources: { clusters: Record<string, unknown>[] };
    };
    // Without an endpoint.
    all.static_resources.clusters[2]!.load_assignment = { cluster_name: 'none' };
    envoy = await startEnvoy({ path: (await findEnvoy({ version })).path, bootstrap: all });
    const ports = Object.fromEntries(
      await Promise.all(
        entries.map(async ({ direction }) => [direction, (await envoy.listener(direction)).port]),
      ),
    ) as Record<string, number>;
    const ask = async (direction: string, path: string, ...headers: [string, string][]) => {
      return (await send({ port: ports[direction]!, path, headers })).status;
    };
    const id: [string, string] = ['x-request-id', '5b5a2b8e-7f3c-4a4b-9d3b-0c1a2b3c4d5e'];
    expect(await ask('gateway', '/', ['x-user-group', 'internal'])).toBe(200);
    expect(await ask('gateway', '/', ['x-traffic-tag', 'forged'])).toBe(200);
    expect(await ask('gateway', '/login')).toBe(200);
    expect(await ask('gateway', '/login')).toBe(429);
    expect(await ask('gateway', '/gone')).toBe(503);
    expect(await ask('gateway', '/none')).toBe(503);
    expect(await ask('inbound', '/', id, ['x-traffic-tag', 'canary'])).toBe(200);
    expect(await ask('outbound', '/', id)).toBe(200);
    samples = await envoy.admin.prometheus();
  });
  afterAll(async () => {
    await envoy?.stop();
    await folder?.remove();
    await echo?.close();
  });

  it('shows every metric, with every label by which it is asked', () => {
    for (const expr of asked) {
      for (const { metric, matchers } of readPromql(expr).asked) {
        if (metric in ISTIO) continue;
        const shown = samples.filter(({ name }) => isNamed(name, metric, matchers));
        expect(shown, expr).not.toEqual([]);
        for (const { label } of matchers) {
          if (OF_THE_SCRAPE.has(label) || label === '__name__') continue;
          expect(Object.keys(shown[0]!.labels), `${metric} of ${expr}`).toContain(label);
        }
      }
      const { asked: parts, labels } = readPromql(expr);
      const of = samples.filter(({ name }) => {
        return parts.some(({ metric, matchers }) => isNamed(name, metric, matchers));
      });
      if (of.length === 0) continue;
      for (const label of labels) {
        if (OF_THE_SCRAPE.has(label) || label === '__name__') continue;
        expect(
          of.some((sample) => label in sample.labels),
          `${label} of ${expr}`,
        ).toBe(true);
      }
    }
  });

  it('shows each value of a label that is asked for', () => {
    for (const { metric, matchers } of asked.flatMap((expr) => readPromql(expr).asked)) {
      if (metric in ISTIO) continue;
      const shown = samples.filter(({ name }) => isNamed(name, metric, matchers));
      for (const { label, op, value } of matchers) {
        if (label === '__name__') continue;
        // A variable of the dashboard stands for its own name here; != is asked of nothing.
        if (OF_THE_SCRAPE.has(label) || value === label || op.startsWith('!')) continue;
        const pattern = new RegExp(op === '=' ? `^${value}$` : `^(?:${value})$`);
        const fits = shown.some(({ labels }) => pattern.test(labels[label] ?? ''));
        expect(fits, `${metric} ${label}${op}${value}`).toBe(true);
      }
    }
  });

  it('shows of the filter what the code says, and nothing else', () => {
    const shown = new Map<string, Set<string>>();
    for (const { name, labels } of samples) {
      if (!name.startsWith('tagalong_')) continue;
      const all = shown.get(name) ?? new Set();
      for (const label of Object.keys(labels)) all.add(label);
      shown.set(name, all);
    }
    const expected = Object.entries(FILTER_METRICS).map(([name, labels]) => [
      name,
      [...labels, 'policy', 'direction'].sort(),
    ]);
    expect([...shown].map(([name, labels]) => [name, [...labels].sort()]).sort()).toEqual(
      expected.sort(),
    );
  });

  it('counts what the alerts on answers are about', () => {
    const value = (metric: string, labels: Record<string, string>) =>
      samples.find(({ name, labels: has }) => {
        return name === metric && Object.entries(labels).every(([key, it]) => has[key] === it);
      })?.value;
    const none = { envoy_cluster_name: 'none' };
    expect(value('envoy_cluster_upstream_cx_none_healthy', none)).toBe(1);
    expect(value('envoy_cluster_upstream_rq', { ...none, envoy_response_code: '503' })).toBe(1);
    const gone = { envoy_cluster_name: 'gone', envoy_response_code: '503' };
    expect(value('envoy_cluster_upstream_rq', gone)).toBe(1);
  });
});
