// tally: how many answers came, by class, status and slice of time; and how far what was admitted is
// from what a limit allows. Assumes: times do not go back, as those of performance.now().

/** Which answers to count; whatever is left out is every one. */
export interface Which {
  readonly label?: string;
  readonly status?: number;
  /** From the beginning, whole slices: from the one that holds `fromMs` up to before `toMs`. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** Counts of one class and status, by slice; slices without any may be missing at the end. */
type Row = number[];

export class Tally {
  readonly sliceMs: number;
  readonly #rows = new Map<string, Map<number, Row>>();

  constructor(sliceMs: number) {
    this.sliceMs = sliceMs;
  }

  add(label: string, status: number, atMs: number): void {
    const row = this.#row(label, status);
    const slice = Math.floor(atMs / this.sliceMs);
    while (row.length <= slice) row.push(0);
    row[slice] = (row[slice] ?? 0) + 1;
  }

  #row(label: string, status: number): Row {
    const rows = this.#rows.get(label) ?? new Map<number, Row>();
    const row = rows.get(status) ?? [];
    if (row.length === 0) this.#rows.set(label, rows.set(status, row));
    return row;
  }

  get labels(): string[] {
    return [...this.#rows.keys()];
  }

  /** Every status that came, with how often. */
  statuses(label?: string): Map<number, number> {
    const found = new Map<number, number>();
    for (const status of new Set([...this.#rows.values()].flatMap((rows) => [...rows.keys()]))) {
      const count = this.count(label === undefined ? { status } : { label, status });
      if (count > 0) found.set(status, count);
    }
    return found;
  }

  count(which: Which = {}): number {
    return this.slices(which).reduce((sum, count) => sum + count, 0);
  }

  /** The counts of each slice, from the first that `which` has. */
  slices({ label, status, fromMs = 0, toMs = Infinity }: Which = {}): number[] {
    const sums: number[] = [];
    for (const [name, rows] of this.#rows) {
      if (label !== undefined && name !== label) continue;
      for (const [code, row] of rows) {
        if (status !== undefined && code !== status) continue;
        row
          .slice(Math.floor(fromMs / this.sliceMs), Math.ceil(toMs / this.sliceMs))
          .forEach((count, i) => {
            sums[i] = (sums[i] ?? 0) + count;
          });
      }
    }
    return sums;
  }
}

/** What a bucket that is full at first may admit in `seconds`. */
export function allowed({ burst, perSecond }: Allowance, seconds: number): number {
  return burst + perSecond * seconds;
}

/** As a part of what is allowed: 0.01 = one in a hundred too many, -0.01 = too few. */
export function deviation(admitted: number, limit: Allowance, seconds: number): number {
  return admitted / allowed(limit, seconds) - 1;
}

/** The deviation of each class, in the first `seconds` of a tally that began with full buckets. */
export function deviations(
  tally: Tally,
  limitOf: (label: string) => Allowance,
  seconds: number,
  status = 200,
): Map<string, number> {
  const toMs = seconds * 1000;
  return new Map(
    tally.labels.map((label) => {
      const admitted = tally.count({ label, status, toMs });
      return [label, deviation(admitted, limitOf(label), seconds)] as const;
    }),
  );
}
