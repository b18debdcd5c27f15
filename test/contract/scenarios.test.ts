// Every scenario has one outcome: on the V8 host, in Envoy 1.40, and in Envoy 1.36.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnvoyScenarios } from '../harness/envoy-scenarios.js';
import { HostScenarios } from '../harness/host-scenarios.js';
import { type Case, loadScenarios, type Result, type Scenario } from '../harness/scenario.js';

type Later<T> = T | Promise<T>;

interface Runner {
  run(scenario: Scenario, index: number, it: Case): Later<Result>;
  counters(scenario: Scenario, index: number): Later<Record<string, number>>;
  stop(): Promise<void>;
}

const scenarios = loadScenarios();
const hosts: readonly [string, () => Later<Runner>][] = [
  ['the V8 host', () => new HostScenarios(scenarios)],
  ['Envoy 1.40', () => EnvoyScenarios.start(scenarios, '1.40.0')],
  ['Envoy 1.36', () => EnvoyScenarios.start(scenarios, '1.36.4')],
];

// What each scenario came to on the first host; the others must agree in all that was observed.
const first = new Map<string, unknown>();

describe.each(hosts)('scenarios on %s', (_host, start) => {
  let runner: Runner;

  beforeAll(async () => {
    runner = await start();
  });
  afterAll(() => runner?.stop());

  it.each(
    scenarios.map((scenario, index) => [scenario.name, scenario, index] as const),
  )('%s', async (name, scenario, index) => {
    const results: Result[] = [];
    const cases = scenario.cases.flatMap((it) => Array<Case>(it.times ?? 1).fill(it));
    for (const it of cases) {
      const result = await runner.run(scenario, index, it);
      results.push(result);
      expect.soft(result.status, `${it.name}: status`).toBe(it.status ?? 200);
      expect.soft(result.body, `${it.name}: body`).toBe(it.body);
      expect.soft(result.forwarded, `${it.name}: request`).toMatchObject(it.forwarded ?? {});
      expect.soft(result.response, `${it.name}: response`).toMatchObject(it.response ?? {});
    }
    const counters = await runner.counters(scenario, index);
    if (scenario.metrics) expect.soft(counters).toEqual(scenario.metrics);
    const all = { results, counters };
    if (!first.has(name)) first.set(name, all);
    expect(all).toEqual(first.get(name));
  });
});
