// record: what a run of the benchmark measured, as it is kept in bench/records. Raw rounds only:
// medians, intervals and ratios are reckoned where they are shown, so that a record can be read by
// a later and better report.

/** What a run may consist of; `--only` takes these. */
export const PARTS = [
  'cpu',
  'latency',
  'throughput',
  'memory',
  'startup',
  'hops',
  'scaling',
  'micro',
  'sdk',
] as const;
export type Part = (typeof PARTS)[number];

export type Unit = 'µs' | 'ms' | '1/s' | 'MiB' | 'ns' | 'count';

/** One figure of one variant, round by round. */
export interface Measurement {
  readonly part: Part;
  /** What was done: `one hop`, `rules`, `http, headers to carry, Node 20`. */
  readonly case: string;
  readonly variant: string;
  /** `cpu`, `p50`, `p99.9`, `host calls`, `instructions`; per request where that makes sense. */
  readonly figure: string;
  readonly unit: Unit;
  /** The place on the scale of a case that has one: how many rules, workers, keys, headers. */
  readonly at?: number;
  /** Paired: round n of all variants of a case was taken in one go. */
  readonly rounds: readonly number[];
}

export interface VariantInfo {
  readonly name: string;
  readonly title: string;
  readonly group: Group;
  /** Variants of one job may be compared with each other. */
  readonly job?: string;
}

/**
 * `base`: no filter, the same once more as control, a wasm that does nothing (the floor). `host`: a
 * wasm that makes one call and does nothing else. `ours`; `native`: filters of Envoy in C++; `lua`;
 * `sdk`: wasm of other SDKs.
 */
export const GROUPS = ['base', 'host', 'ours', 'native', 'lua', 'sdk'] as const;
export type Group = (typeof GROUPS)[number];

/** The variants that others are measured against. */
export const NONE = 'none';
export const NONE_AGAIN = 'none again';
export const NO_OP = 'no-op wasm';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Load averages over a minute, before and after. */
  readonly load: readonly [before: number, after: number];
}

export interface BenchRecord {
  readonly format: 1;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** Few and short rounds: to see that it works, not to be quoted. */
  readonly quick: boolean;
  readonly machine: Machine;
  /** envoy, node, tagalong, commit, and each peer's. */
  readonly versions: Readonly<Record<string, string>>;
  /** How each part was run: rounds, requests, rate, connections. */
  readonly settings: Readonly<Partial<Record<Part, Readonly<Record<string, number | string>>>>>;
  /** What the preflight found worth a warning, and what was left out. */
  readonly remarks: readonly string[];
  readonly variants: readonly VariantInfo[];
  readonly measurements: readonly Measurement[];
}
