// functions: the instructions of one request by function.

import { warmed } from './callbacks.js';
import { counting, READER } from './instructions.js';
import type { Workload } from './workloads.js';

export interface FunctionCost {
  readonly name: string;
  /** Its own, not those of functions that it calls. */
  readonly instructions: number;
  readonly calls: number;
}

/**
 * What one warm request of a workload runs, most instructions first.
 * @param module instead of the workload's own, for its names
 */
export async function functionsOf(workload: Workload, module: Uint8Array): Promise<FunctionCost[]> {
  const { module: code, functions } = await counting(module);
  const simulated = await warmed(workload, { rewrite: async () => code, callback: READER });
  const read = () =>
    functions.map((_, index) => ({
      instructions: simulated.ask(READER, 2 * index),
      calls: simulated.ask(READER, 2 * index + 1),
    }));
  const before = read();
  simulated.send(1);
  return read()
    .map(({ instructions, calls }, index) => ({
      name: functions[index]!,
      instructions: instructions - before[index]!.instructions,
      calls: calls - before[index]!.calls,
    }))
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.instructions - a.instructions);
}

/** A table of the first `top` of them, and the sum of all. */
export function functionsText(costs: readonly FunctionCost[], top: number): string {
  const total = costs.reduce((sum, { instructions }) => sum + instructions, 0);
  const row = (
    instructions: number | string,
    share: string,
    calls: number | string,
    name: string,
  ) => `${`${instructions}`.padStart(12)}${share.padStart(8)}${`${calls}`.padStart(7)}  ${name}\n`;
  return [
    row('instructions', 'share', 'calls', 'function'),
    ...costs.slice(0, top).map(({ name, instructions, calls }) => {
      const share = `${((100 * instructions) / total).toFixed(1)} %`;
      return row(instructions, share, calls, name.replace('filter/assembly/', ''));
    }),
    row(total, '100 %', '', `all ${costs.length} functions`),
  ].join('');
}
