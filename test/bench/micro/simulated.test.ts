// Variants on the V8 host: who does not do the job is found out, and who counts changes nothing.

import { describe, expect, it } from 'vitest';
import { countsOf, measureMicro, warmed } from '../../../bench/src/micro/callbacks.js';
import { functionsOf, functionsText } from '../../../bench/src/micro/functions.js';
import { Simulated } from '../../../bench/src/micro/simulated.js';
import { WORKLOADS, type Workload, workloadName } from '../../../bench/src/micro/workloads.js';
import { STABLE } from '../../../bench/src/variants/answers.js';
import { tagWrite } from '../../../bench/src/variants/ours.js';
import type { Variant } from '../../../bench/src/variants/variant.js';
import { pluginConfig } from '../../../envoyfilter/src/render/wasm-filter.js';
import { entryFor } from '../../harness/host.js';
import { WASM_PATH, wasmBytes } from '../../harness/wasm.js';

const named = (name: string): Workload => WORKLOADS.find((one) => workloadName(one) === name)!;

async function send(variant: Variant, answered: readonly string[] = []): Promise<void> {
  const simulated = await Simulated.of(variant, { answered });
  simulated.send(1);
}

describe('a simulated variant', () => {
  it('throws where a request is answered otherwise', async () => {
    const wrong = { ...tagWrite, load: { ...tagWrite.load, expect: STABLE } };
    await expect(send(wrong)).rejects.toThrow('tag write: 200 canary, not 200 stable');
  });

  it('throws where what comes before is answered otherwise', async () => {
    const wrong = { ...tagWrite, before: [{ ...tagWrite.load, expect: STABLE }] };
    await expect(Simulated.of(wrong)).rejects.toThrow('not 200 stable');
  });

  it('throws where a counter missed a request', async () => {
    const wrong = { ...tagWrite, counts: ['tagalong_tag_total', 'tagalong_limit_total'] };
    await expect(send(wrong)).rejects.toThrow(
      'tag write: tagalong_limit_total grew by 0 in 1 requests',
    );
  });

  it('throws where a response lacks a header', async () => {
    await expect(send(tagWrite, ['x-traffic-tag'])).rejects.toThrow('no x-traffic-tag');
    await expect(send(named('echo').variant, ['x-traffic-tag'])).resolves.toBeUndefined();
  });

  it('throws where the filter refuses its configuration, or is no wasm, or not one', async () => {
    const of = (filters: readonly object[]) =>
      Simulated.of({ ...tagWrite, listeners: async () => [{ name: 'bench', filters }] });
    const strict = pluginConfig(entryFor({ tags: 1 }), true, { wasmPath: WASM_PATH });
    const filter = { typed_config: { config: strict } };
    await expect(of([filter])).rejects.toThrow('tag write: canary: configuration refused');
    const lua = { typed_config: { '@type': 'type.googleapis.com/Lua' } };
    for (const filters of [[], [lua], [filter, filter]]) {
      await expect(of(filters)).rejects.toThrow('wanted one filter, a wasm');
    }
  });

  it('takes time for its requests', async () => {
    const simulated = await warmed(named('tag write'));
    expect(simulated.time(10)).toBeGreaterThan(0);
    expect(simulated.calls.get('proxy_get_header_map_pairs')).toBe(10);
  });
});

describe('counts', () => {
  it.each([
    'tag write',
    'store',
    'restore',
    'limit proxy',
    'mint',
  ])('of %s are the same each time, and the calls those of the release itself', async (name) => {
    const workload = named(name);
    const counts = await countsOf(workload);
    expect(await countsOf(workload)).toEqual(counts);
    expect(counts.instructions).toBeGreaterThan(100);
    expect(counts.most).toBeGreaterThanOrEqual(counts.instructions);
    const plain = await warmed(workload);
    plain.send(1000);
    const calls = [...plain.calls].map(([call, count]) => [call, count / 1000]);
    expect(Object.fromEntries(calls)).toEqual(counts.calls);
  });

  it('are known where nothing is done', async () => {
    expect(await countsOf(named('no-op wasm'))).toEqual({ calls: {}, instructions: 1, most: 1 });
  });

  it('by function are those of the whole', async () => {
    const workload = named('limit worker');
    const costs = await functionsOf(workload, wasmBytes());
    const { instructions } = await countsOf(workload);
    expect(costs.reduce((sum, cost) => sum + cost.instructions, 0)).toBe(instructions);
    expect(costs.map((cost) => cost.instructions)).toEqual(
      costs.map((cost) => cost.instructions).toSorted((a, b) => b - a),
    );
    const lines = functionsText(costs, 3).trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines.at(-1)).toBe(
      `${`${instructions}`.padStart(12)}   100 %         all ${costs.length} functions`,
    );
  });
});

describe('measureMicro', () => {
  it('has three figures of each workload, and tells how far it is', async () => {
    const progress: number[] = [];
    const measured = await measureMicro({
      rounds: 2,
      workloads: [named('no-op wasm'), named('rules 10')],
      onProgress: (share) => progress.push(share),
    });
    expect(progress).toEqual([0.25, 0.5, 0.75, 1]);
    const part = 'micro';
    const [none, rules] = [
      { part, case: 'one hop', variant: 'no-op wasm' },
      { part, case: 'rules', at: 10, variant: 'tag write' },
    ];
    const rounds = [expect.any(Number), expect.any(Number)];
    expect(measured).toEqual([
      { ...none, figure: 'host calls', unit: 'count', rounds: [0] },
      { ...none, figure: 'instructions', unit: 'count', rounds: [1] },
      { ...rules, figure: 'host calls', unit: 'count', rounds: [3] },
      { ...rules, figure: 'instructions', unit: 'count', rounds: [expect.any(Number)] },
      { ...none, figure: 'ns', unit: 'ns', rounds },
      { ...rules, figure: 'ns', unit: 'ns', rounds },
    ]);
  });
});
