// Types of counts.mjs, for the tests that are TypeScript.

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export function countCommand(code: number): Counts;
export function countVitest(text: string | undefined, code: number): Counts;
export function countAsPect(output: string, code: number): Counts;
export function addCounts(all: readonly Counts[]): Counts;
export function lastLine(total: Counts): string;
export function table(suites: readonly (Counts & { name: string; ms: number })[]): string[];
