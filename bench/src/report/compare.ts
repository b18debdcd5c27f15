// compare: two records side by side: for each figure that both have, what is derived from it (over
// the base of its case, and as a multiple of the floor), since plain times of two days are not
// comparable. A figure has changed where the two intervals do not touch.

import { type BenchRecord, PARTS } from '../record/record.js';
import { type Estimate, ROUNDS_MIN } from '../statistics/statistics.js';
import { type Figure, figuresOf, keyOf } from './figures.js';

/** `few`: too few rounds to tell. */
export type Verdict = 'same' | 'lower' | 'higher' | 'few';

/** Which derived figure is compared: what has no base is compared as it is. */
export type Kind = 'over' | 'ratio' | 'value';

export interface Comparison
  extends Pick<Figure, 'part' | 'case' | 'variant' | 'figure' | 'unit' | 'at'> {
  readonly kind: Kind;
  /** What it is over, where `kind` is `over`. */
  readonly base?: string;
  readonly before: Estimate;
  readonly after: Estimate;
  /** `after` against `before`: of a cost lower is better, of a rate higher. */
  readonly verdict: Verdict;
}

export interface RecordComparison {
  readonly before: string;
  readonly after: string;
  /** Why the two may not be comparable: machines, versions, settings, quick runs. */
  readonly warnings: readonly string[];
  readonly compared: readonly Comparison[];
  /** Figures that only one of them has, as `part, case, variant, figure`. */
  readonly missing: { readonly before: readonly string[]; readonly after: readonly string[] };
}

/** Versions that are compared on purpose. */
const SUBJECT = new Set(['tagalong', 'commit']);

export function compareRecords(before: BenchRecord, after: BenchRecord): RecordComparison {
  const [old, young] = [figuresOf(before), figuresOf(after)];
  const byKey = new Map(young.map((figure) => [keyOf(figure), figure]));
  const oldKeys = new Set(old.map(keyOf));
  const compared = old.flatMap((figure) => {
    const other = byKey.get(keyOf(figure));
    return other === undefined ? [] : comparisons(figure, other);
  });
  return {
    before: before.takenAt,
    after: after.takenAt,
    warnings: warningsOf(before, after),
    compared: compared.sort((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part)),
    missing: {
      before: young.filter((figure) => !oldKeys.has(keyOf(figure))).map(nameOf),
      after: old.filter((figure) => !byKey.has(keyOf(figure))).map(nameOf),
    },
  };
}

/** Intervals that touch tell of no change. */
export function verdictOf(before: Estimate, after: Estimate): Verdict {
  if (after.high < before.low) return 'lower';
  return after.low > before.high ? 'higher' : 'same';
}

function comparisons(old: Figure, young: Figure): Comparison[] {
  const { part, case: name, variant, figure, unit, at } = old;
  const what = { part, case: name, variant, figure, unit, ...(at === undefined ? {} : { at }) };
  // Counts are exact.
  const isTold = unit === 'count' || Math.min(old.rounds, young.rounds) >= ROUNDS_MIN;
  const one = (kind: Kind, before: Estimate, after: Estimate): Comparison => ({
    ...what,
    kind,
    ...(kind === 'over' && old.base !== undefined && { base: old.base }),
    before,
    after,
    verdict: isTold ? verdictOf(before, after) : 'few',
  });
  if (old.over === undefined || young.over === undefined || old.base !== young.base) {
    return [one('value', old.value, young.value)];
  }
  const over = one('over', old.over, young.over);
  if (old.ratio === undefined || young.ratio === undefined) return [over];
  return [over, one('ratio', old.ratio, young.ratio)];
}

/** `scaling, rules, tag regex, cpu at 1000`. */
export function nameOf({
  part,
  case: name,
  variant,
  figure,
  at,
}: Omit<Figure, 'value' | 'rounds'>) {
  return [part, name, variant, at === undefined ? figure : `${figure} at ${at}`].join(', ');
}

function warningsOf(before: BenchRecord, after: BenchRecord): string[] {
  const differ = (what: string, old: unknown, young: unknown) =>
    old === young ? [] : [`${what}: ${old ?? 'none'} and ${young ?? 'none'}`];
  const names = [...new Set([...Object.keys(before.versions), ...Object.keys(after.versions)])];
  const settings = PARTS.filter(
    (part) => before.settings[part] !== undefined && after.settings[part] !== undefined,
  );
  const quick = [before, after].filter((record) => record.quick).map(({ takenAt }) => takenAt);
  return [
    ...quick.map((takenAt) => `${takenAt} was a quick run: not to be quoted`),
    ...differ('the processors differ', before.machine.cpu, after.machine.cpu),
    ...differ('the numbers of cores differ', before.machine.cores, after.machine.cores),
    ...differ('the kernels differ', before.machine.kernel, after.machine.kernel),
    ...names
      .filter((name) => !SUBJECT.has(name))
      .flatMap((name) =>
        differ(`versions of ${name} differ`, before.versions[name], after.versions[name]),
      ),
    ...settings.flatMap((part) =>
      differ(
        `settings of ${part} differ`,
        settingsText(before.settings[part]),
        settingsText(after.settings[part]),
      ),
    ),
  ];
}

function settingsText(settings: Readonly<Record<string, number | string>> = {}): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .sort()
    .join(', ');
}
