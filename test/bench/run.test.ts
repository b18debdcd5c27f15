// A run, as small as it can be, through real Envoys: what its record has, and that nothing is
// measured which does not do its job.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LoadGenerator } from '../../bench/src/load/index.js';
import type { Bench } from '../../bench/src/macro/bench.js';
import { measureInTurns } from '../../bench/src/macro/one-hop.js';
import { Subject } from '../../bench/src/macro/subject.js';
import { parseRecord } from '../../bench/src/record/read.js';
import { recordText } from '../../bench/src/record/write.js';
import { runBenchmark } from '../../bench/src/run/run.js';
import { QUICK, type Settings } from '../../bench/src/run/settings.js';
import { STABLE } from '../../bench/src/variants/answers.js';
import { everything, restore, tagWrite } from '../../bench/src/variants/ours.js';
import { TWO_HOPS } from '../../bench/src/variants/two-hops.js';
import type { Variant } from '../../bench/src/variants/variant.js';
import { findEnvoy } from '../../envoyfilter/src/envoy/index.js';

const TURNS = { rounds: 2, slices: 2, requests: 40, warm: 40 };
const SMALL: Settings = {
  ...QUICK,
  cpu: TURNS,
  latency: { rounds: 1, rate: 200, seconds: 0.2, warm: 10 },
  memory: { rounds: 1, requests: 20 },
};
const TIMEOUT_MS = 120_000;

const { path, version } = await findEnvoy();
const never = new AbortController().signal;
let load: LoadGenerator;
let bench: Bench;

beforeAll(async () => {
  load = await LoadGenerator.start();
  bench = {
    envoy: path,
    load,
    core: undefined,
    signal: never,
    progress: () => {},
    doubt: () => true,
  };
});
afterAll(() => load.stop());

describe('a run', () => {
  it('becomes a record that can be read again', { timeout: TIMEOUT_MS }, async () => {
    const shares: number[] = [];
    const record = await runBenchmark({
      ...{
        envoy: { path, version },
        settings: SMALL,
        quick: true,
        cores: undefined,
        signal: never,
      },
      force: true,
      only: ['memory', 'cpu', 'latency'],
      variants: ['none', 'none again', 'no-op wasm', 'tag write'],
      remarks: ['a remark'],
      progress: (share) => shares.push(share),
    });
    expect(parseRecord(recordText(record), 'a file')).toEqual(record);
    expect(record.variants.map(({ name }) => name)).toHaveLength(4);
    expect(record.versions).toMatchObject({ envoy: version, node: process.versions.node });
    expect(record.remarks[0]).toBe('a remark');
    expect(record.settings.cpu).toEqual(TURNS);
    const cpu = record.measurements.filter(({ part }) => part === 'cpu');
    expect(cpu).toHaveLength(4);
    for (const { rounds } of cpu) {
      expect(rounds).toHaveLength(2);
      expect(Math.min(...rounds)).toBeGreaterThan(1);
    }
    const parts = new Set(record.measurements.map(({ part }) => part));
    expect([...parts].sort()).toEqual(['cpu', 'latency', 'memory', 'startup', 'throughput']);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeLessThan(1);
  });

  it('ends where it is interrupted', { timeout: TIMEOUT_MS }, async () => {
    const interrupted = new AbortController();
    const run = runBenchmark({
      ...{ envoy: { path, version }, settings: SMALL, quick: true, cores: undefined },
      force: true,
      only: ['cpu'],
      variants: ['none'],
      remarks: [],
      signal: interrupted.signal,
      progress: () => interrupted.abort(new Error('enough')),
    });
    await expect(run).rejects.toThrow('enough');
  });
});

describe('a variant', () => {
  /** Of which nothing but its listeners is another one's. */
  const instead = (variant: Variant, listeners: Variant['listeners']): Variant => ({
    ...variant,
    listeners,
  });
  const bare = async () => [{ name: 'bench', filters: [] }];
  const measure = (variant: Variant) =>
    measureInTurns(bench, [{ variant, case: 'test' }], { ...TURNS, rounds: 1 });

  it('that answers otherwise than expected fails', { timeout: TIMEOUT_MS }, async () => {
    await expect(measure(instead(tagWrite, bare))).rejects.toThrow(/tag write: .*wrong answers/s);
  });

  it('whose counters disagree fails', { timeout: TIMEOUT_MS }, async () => {
    const silent = { ...instead(everything, bare), load: { ...everything.load, expect: STABLE } };
    await expect(measure(silent)).rejects.toThrow(/tagalong_tag_total counted 0/);
  });

  it.each([restore, everything, ...TWO_HOPS])('does its job: $name', async (variant) => {
    const subject = await Subject.warm(bench, variant, 50);
    try {
      await subject.prepare();
      const { answered } = await subject.closed(100);
      await subject.verify();
      expect(answered).toBe(100);
    } finally {
      await subject.stop();
    }
  });
});
