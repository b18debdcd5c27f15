// latency: many times as one histogram (HdrHistogram: 3 digits, from 0.1 µs on), and what is read
// from it. The histogram goes with it, in the text form that HdrHistogram's other tools read too, so
// that rounds can be added up and curves drawn later.

import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';

const DIGITS = 3;
const TICKS_PER_MS = 10_000;
const TICKS_PER_US = 10;
/** 214 s. What takes longer counts as that. */
const MAX_TICKS = 2 ** 31 - 1;

/** Times in µs. */
export interface Latency {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** In 0.1 µs; compressed, base64. */
  readonly histogram: string;
}

/** @param timesMs NaN = no time */
export function latencyOf(timesMs: Float64Array): Latency {
  const histogram = empty();
  for (const timeMs of timesMs) {
    if (Number.isNaN(timeMs)) continue;
    histogram.recordValue(Math.min(MAX_TICKS, Math.max(0, Math.round(timeMs * TICKS_PER_MS))));
  }
  return summary(histogram);
}

/** All of these as one. */
export function merged(latencies: readonly Latency[]): Latency {
  const histogram = empty();
  for (const one of latencies) histogram.add(decodeFromCompressedBase64(one.histogram));
  return summary(histogram);
}

/** @returns for each percentile (0 to 100) the time in µs that so many took at most */
export function percentiles(latency: Latency, wanted: readonly number[]): number[] {
  const histogram = decodeFromCompressedBase64(latency.histogram);
  return wanted.map((percentile) => histogram.getValueAtPercentile(percentile) / TICKS_PER_US);
}

function empty(): Histogram {
  return build({
    bitBucketSize: 32,
    numberOfSignificantValueDigits: DIGITS,
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_TICKS,
  });
}

function summary(histogram: Histogram): Latency {
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / TICKS_PER_US;
  return {
    count: histogram.totalCount,
    mean: histogram.mean / TICKS_PER_US,
    ...{ p50: at(50), p90: at(90), p99: at(99), p999: at(99.9) },
    max: histogram.maxValue / TICKS_PER_US,
    histogram: encodeIntoCompressedBase64(histogram),
  };
}
