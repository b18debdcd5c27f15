// budget: what the release may cost at most, in what can be counted: host calls, instructions, bytes
// of the module. A ratchet: what has become clearly cheaper has to be written down, or it could be
// lost again unseen. No times: they would fail on a busy machine, and pass on a quick one.

import type { Counts } from './callbacks.js';

export interface Budget {
  readonly wasmBytes: number;
  /** By the name of the workload. */
  readonly workloads: Readonly<Record<string, Counts>>;
}

/** Part of a budget that has to be used up. */
const LEAST_SHARE = 0.97;

/** In words, what is over the budget or so far below that the budget has to follow; [] = nothing. */
export function deviations(budget: Budget, measured: Budget): string[] {
  const names = new Set([...Object.keys(budget.workloads), ...Object.keys(measured.workloads)]);
  return [
    ...outside('tagalong.wasm, bytes', budget.wasmBytes, measured.wasmBytes),
    ...[...names].flatMap((name) => {
      const [allowed, found] = [budget.workloads[name], measured.workloads[name]];
      if (allowed === undefined) return [`${name}: not in the budget`];
      if (found === undefined) return [`${name}: in the budget, but not a workload`];
      return [
        ...outside(`${name}, instructions`, allowed.instructions, found.instructions),
        ...outside(`${name}, most instructions`, allowed.most, found.most),
        ...otherCalls(name, allowed.calls, found.calls),
      ];
    }),
  ];
}

function outside(what: string, allowed: number, found: number): string[] {
  if (found <= allowed && found >= LEAST_SHARE * allowed) return [];
  const change = (100 * (found - allowed)) / allowed;
  const percent = `${change > 0 ? '+' : ''}${change.toFixed(1)} %`;
  return [`${what}: ${found}, the budget is ${allowed} (${percent})`];
}

type Calls = Counts['calls'];

function otherCalls(name: string, allowed: Calls, found: Calls): string[] {
  const calls = new Set([...Object.keys(allowed), ...Object.keys(found)]);
  return [...calls].flatMap((call) => {
    const [most, made] = [allowed[call] ?? 0, found[call] ?? 0];
    return most === made ? [] : [`${name}, ${call}: ${made}, the budget is ${most}`];
  });
}
