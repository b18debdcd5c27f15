// profile: the command for whoever makes the filter faster: instructions of one request by function.
// `npx tsx bench/src/micro/profile.ts --case store [--top 25]`
// It builds the sources as they are. What the compiler has inlined counts for the caller.

import { parseArgs } from 'node:util';
import { functionsOf, functionsText } from './functions.js';
import { isRelease, namedModule } from './named.js';
import { WORKLOADS, type Workload, workloadName } from './workloads.js';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', default: 'everything' },
      top: { type: 'string', default: '25' },
    },
  });
  const workload = workloadOf(values.case);
  const module = await namedModule();
  const costs = await functionsOf(workload, module);
  const state = isRelease(module) ? 'as built in filter/dist' : 'filter/dist is of other sources';
  process.stdout.write(`${values.case}, one warm request; ${state}\n`);
  process.stdout.write(functionsText(costs, Number(values.top)));
}

function workloadOf(name: string): Workload {
  const ours = WORKLOADS.filter(({ variant }) => variant.group === 'ours');
  const found = ours.find((one) => workloadName(one) === name);
  if (found !== undefined) return found;
  throw new Error(`found no case ${name}, wanted one of: ${ours.map(workloadName).join('; ')}`);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
