// counters: the filter's metrics from their full names in Envoy, which hold their labels whether or
// not Envoy was told to take them out:  wasmcustom.NAME.LABEL=.=VALUE;.;LABEL=.=VALUE;.;  Pure.

import { parseMetricName } from '../host/index.js';

export interface Total {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const PREFIX = 'wasmcustom.';

export function counterTotals(stats: ReadonlyMap<string, number>): Total[] {
  return [...stats]
    .filter(([stat]) => stat.startsWith(`${PREFIX}tagalong_`))
    .map(([stat, value]) => ({ ...parseMetricName(stat.slice(PREFIX.length)), value }));
}

/** Counted by an entry in one direction, of all that is counted by requests. */
export function countedBy(
  stats: ReadonlyMap<string, number>,
  id: string,
  direction: string,
): number {
  return counterTotals(stats)
    .filter(({ name, labels }) => {
      const isOf = labels.policy === id && labels.direction === direction;
      return isOf && name.endsWith('_total') && name !== 'tagalong_errors_total';
    })
    .reduce((sum, { value }) => sum + value, 0);
}
