export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}
export function median(values: readonly number[]): number;
export function estimate(values: readonly number[], random?: () => number): Estimate;
export function difference(
  values: readonly number[],
  base: readonly number[],
  random?: () => number,
): Estimate;
export function orderOf(round: number, count: number): number[];
export function seeded(seed: number): () => number;
