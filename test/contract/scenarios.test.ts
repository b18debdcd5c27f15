// Every scenario has one outcome: on the V8 host, in Envoy 1.40, and in Envoy 1.36.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnvoyScenarios } from '../harness/envoy-scenarios.js';
import { loadScenarios, type Result, type Scenario } from '../harness/scenario.js';

const scenarios = loadScenarios();

interface Runner {
  run(scenario: Scenario, index: number, it: Scenario['cases'][number]): Promise<Result> | Result;
  counters(
    scenario: Scenario,
    index: number,
  ): Promise<Record<string, number>> | Record<string, number>;
  stop(): Promise<void>;
}

const hosts: Record<string, () => Promise<Runner> | Runner> = {
  'Envoy 1.40': () => EnvoyScenarios.start(scenarios, '1.40.0'),
  'Envoy 1.36': () => EnvoyScenarios.start(scenarios, '1.36.4'),
};

describe.each(Object.keys(hosts))('scenarios on %s', (host) => {
  let runner: Runner;

  beforeAll(async () => {
    runner = await (hosts[host] as () => Promise<Runner>)();
  });
  afterAll(() => runner?.stop());

  it.each(scenarios.map((scenario, index) => [scenario.name, scenario, index] as const))(
    '%s',
    async (_name, scenario, index) => {
      for (const it of scenario.cases) {
        const result = await runner.run(scenario, index, it);
        expect.soft(result.status, `${it.name}: status`).toBe(200);
        expect.soft(result.forwarded, `${it.name}: request`).toMatchObject(it.forwarded ?? {});
        expect.soft(result.response, `${it.name}: response`).toMatchObject(it.response ?? {});
      }
      const counters = await runner.counters(scenario, index);
      if (scenario.metrics) expect(counters).toEqual(scenario.metrics);
    },
  );
});
