// settings: how much of each measurement is done, in full and quickly.

import type { LatencySettings } from '../macro/latency.js';
import type { MemorySettings } from '../macro/memory.js';
import type { TurnSettings } from '../macro/one-hop.js';
import type { SdkOptions } from '../sdk/settings.js';

/** What may be chosen by `--only`. */
export const RUNS = ['cpu', 'latency', 'memory', 'hops', 'scaling', 'micro', 'sdk'] as const;
export type Run = (typeof RUNS)[number];

export interface Settings {
  readonly cpu: TurnSettings;
  readonly latency: LatencySettings;
  readonly memory: MemorySettings;
  readonly hops: { readonly turns: TurnSettings; readonly latency: LatencySettings };
  readonly scaling: TurnSettings;
  readonly micro: { readonly rounds: number };
  readonly sdk: Pick<SdkOptions, 'quick' | 'rounds' | 'nodes'>;
  /** How long each takes, about: for the time that is left. */
  readonly seconds: Readonly<Record<Run, number>>;
}

/** About half an hour. */
export const FULL: Settings = {
  cpu: { rounds: 15, slices: 5, requests: 2_000, warm: 15_000 },
  latency: { rounds: 9, rate: 5_000, seconds: 1, warm: 8_000 },
  memory: { rounds: 6, requests: 3_000 },
  hops: {
    turns: { rounds: 15, slices: 5, requests: 1_000, warm: 6_000 },
    latency: { rounds: 9, rate: 2_000, seconds: 1, warm: 4_000 },
  },
  scaling: { rounds: 6, slices: 5, requests: 2_000, warm: 15_000 },
  micro: { rounds: 9 },
  sdk: { rounds: 7, nodes: [20] },
  seconds: { cpu: 540, latency: 110, memory: 60, hops: 170, scaling: 330, micro: 60, sdk: 720 },
};

/** Under three minutes: whether it works, and figures that are not to be quoted. */
export const QUICK: Settings = {
  cpu: { rounds: 6, slices: 3, requests: 1_000, warm: 3_000 },
  latency: { rounds: 1, rate: 5_000, seconds: 1, warm: 2_000 },
  memory: { rounds: 1, requests: 1_000 },
  hops: {
    turns: { rounds: 3, slices: 3, requests: 1_000, warm: 2_000 },
    latency: { rounds: 1, rate: 2_000, seconds: 1, warm: 1_000 },
  },
  scaling: { rounds: 1, slices: 1, requests: 1_000, warm: 2_000 },
  micro: { rounds: 2 },
  sdk: { quick: true, rounds: 2 },
  seconds: { cpu: 65, latency: 9, memory: 10, hops: 12, scaling: 25, micro: 12, sdk: 25 },
};

/** Variants of a quick run; without those that take seconds to start. */
export const QUICK_VARIANTS: readonly string[] = [
  'none',
  'none again',
  'no-op wasm',
  'tag no match',
  'tag write',
  'store',
  'restore',
  'limit worker',
  'limit proxy',
  'everything',
  'header_mutation',
  'local_ratelimit',
  'lua tag',
  'lua + local_ratelimit',
  'solo-io tag',
];

/** Whose latency and memory is taken: one of each kind, with what they are compared to. */
export const FEW_VARIANTS: readonly string[] = [
  'none',
  'none again',
  'no-op wasm',
  'tag write',
  'everything',
  'lua + local_ratelimit',
  'solo-io tag',
];
