// repeat: many explanations of one request, told by what came of them: how many of each, and one
// of each as an example. Pure.

import type { Explanation } from './explanation.js';
import { keyOf, type Outcome, outcomeOf, outcomeText } from './outcome.js';
import { explanationText, type Paint } from './text.js';

export interface RepeatedOutcome {
  readonly outcome: Outcome;
  readonly count: number;
  /** Which of the requests, from 1, as `1-20, 22`. */
  readonly requests: string;
  readonly example: Explanation;
}

export interface Repetition {
  readonly count: number;
  readonly everyMs: number;
  /** In the order in which they were first met. */
  readonly outcomes: readonly RepeatedOutcome[];
}

/** @param explanations of the same request, oldest first */
export function repetitionOf(explanations: readonly Explanation[], everyMs: number): Repetition {
  const groups = new Map<string, { outcome: Outcome; numbers: number[]; example: Explanation }>();
  for (const [at, example] of explanations.entries()) {
    const outcome = outcomeOf(example);
    const key = keyOf(outcome);
    const group = groups.get(key) ?? { outcome, numbers: [], example };
    group.numbers.push(at + 1);
    groups.set(key, group);
  }
  const outcomes = [...groups.values()].map(({ outcome, numbers, example }) => ({
    outcome,
    count: numbers.length,
    requests: rangesOf(numbers),
    example,
  }));
  return { count: explanations.length, everyMs, outcomes };
}

export function repetitionText({ count, everyMs, outcomes }: Repetition, paint: Paint): string {
  const pace = everyMs === 0 ? 'all at once' : `one each ${everyMs} ms`;
  const width = String(count).length;
  const lines = outcomes.map(({ outcome, count: times, requests }) => {
    const style = outcome.status === undefined ? 'green' : 'red';
    const share = `${String(times).padStart(width)} of ${count}`;
    return `  ${share}  ${paint(style, outcomeText(outcome))}  (${requests})`;
  });
  const [first, ...others] = outcomes;
  if (first === undefined) return '';
  const text = explanationText(first.example, paint);
  const known = new Set(text.split('\n'));
  const differences = others.map(({ requests, example }) => {
    const told = explanationText(example, paint).split('\n');
    const title = `request ${numberOf(requests)}, where it differs from request 1`;
    return ['', paint('dim', title), ...told.filter((line) => !known.has(line)), ''].join('\n');
  });
  const head = [`${count} requests, ${pace}`, ...lines, '', paint('dim', 'request 1'), text];
  return head.join('\n') + differences.join('');
}

/** The first of them. */
function numberOf(requests: string): string {
  return /^\d+/.exec(requests)?.[0] ?? '';
}

/** `[1, 2, 3, 7]` as `1-3, 7`; many ranges are cut. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range?.[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  const told = ranges
    .slice(0, RANGES_MAX)
    .map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
  return told.join(', ') + (ranges.length > RANGES_MAX ? ', …' : '');
}

const RANGES_MAX = 6;
