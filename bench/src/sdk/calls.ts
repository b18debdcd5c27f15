// calls: CPU time of a call that carries headers on, against a bare one and other libraries, and
// through a client of ours that would retry. One process is measured at a time; it makes a fixed
// number of calls, and its own CPU clock is read before and after: what else the machine does moves
// that less than it moves requests per second.
// Promise: a call that does not carry what its variant carries, or carries more, fails the run.

import type { NodeBinary } from '../../../test/harness/nodes.js';
import type { Measurement } from '../record/record.js';
import { orderOf } from '../statistics/statistics.js';
import type { SdkSettings } from './settings.js';
import {
  type Carry,
  type Client,
  HEADER_NAMES,
  HEADERS,
  type HeaderName,
  nameOf,
  SDK_VARIANTS,
  type SdkVariant,
} from './variants.js';
import { Worker } from './worker.js';

/** Called after each process that was measured. */
export type Progress = (done: number, total: number) => void;

interface Case {
  readonly node: NodeBinary;
  readonly client: Client;
  readonly carry: Carry;
  readonly variants: readonly SdkVariant[];
}

interface Ports {
  readonly http: number;
  readonly grpc: number;
}

/** What the upstream has seen of some calls. */
interface Seen {
  readonly calls: number;
  readonly came: Readonly<Record<HeaderName, number>>;
  /** With the value of the request. */
  readonly right: Readonly<Record<HeaderName, number>>;
}

/** How many processes `measureCalls` measures. */
export function stepsOfCalls(settings: SdkSettings, variants = SDK_VARIANTS): number {
  const each = casesOf(settings, variants).map((one) => one.variants.length);
  return settings.rounds * each.reduce((sum, count) => sum + count, 0);
}

/**
 * Figure `cpu`, in µs per request of a service that makes one call for it: what a call costs is a
 * difference between two variants of a case.
 * @param variants those to measure; the default is what a record has
 * @throws Error a wrong answer, or a process that failed; the signal's reason
 */
export async function measureCalls(
  settings: SdkSettings,
  progress: Progress,
  variants = SDK_VARIANTS,
): Promise<Measurement[]> {
  const total = stepsOfCalls(settings, variants);
  let done = 0;
  const { signal } = settings;
  const { worker: upstream, said: ports } = await Worker.start<Ports>({
    node: process.execPath,
    args: ['upstream.mjs'],
    core: 1,
    signal,
  });
  try {
    const measurements: Measurement[] = [];
    for (const one of casesOf(settings, variants)) {
      const figures = one.variants.map((): number[] => []);
      for (let round = 0; round < settings.rounds; round++) {
        for (const index of orderOf(round, one.variants.length)) {
          const variant = one.variants[index]!;
          figures[index]!.push(await measure(one, variant, { settings, upstream, ports }));
          progress(++done, total);
        }
      }
      measurements.push(...one.variants.map((variant, at) => kept(one, variant, figures[at]!)));
    }
    return measurements;
  } finally {
    await upstream.stop();
  }
}

function casesOf({ nodes, clients, carries }: SdkSettings, all: readonly SdkVariant[]): Case[] {
  return nodes.flatMap((node) =>
    clients.flatMap((client) =>
      carries.map((carry) => ({ node, client, carry, variants: variantsOf(all, client, carry) })),
    ),
  );
}

function variantsOf(all: readonly SdkVariant[], client: Client, carry: Carry): SdkVariant[] {
  return all.filter(
    // What a route costs does not depend on what is carried.
    ({ carried, routed }) => client in carried && !(routed && carry === 'nothing'),
  );
}

function kept({ node, client, carry }: Case, variant: SdkVariant, rounds: number[]): Measurement {
  return {
    part: 'sdk',
    case: `${client}, ${carry}, Node ${node.major}`,
    variant: nameOf(variant, client),
    figure: 'cpu',
    unit: 'µs',
    rounds,
  };
}

interface Setting {
  readonly settings: SdkSettings;
  readonly upstream: Worker;
  readonly ports: Ports;
}

/** CPU µs per request of a new process. */
async function measure(one: Case, variant: SdkVariant, setting: Setting): Promise<number> {
  const { settings, upstream, ports } = setting;
  const { calls, warm, concurrency, signal } = settings;
  const configuration = { client: one.client, routed: variant.routed === true, ports };
  const { worker: service, said } = await Worker.start<{ port: number }>({
    node: one.node.path,
    args: [...variant.nodeArgs, 'service.cjs', JSON.stringify(configuration)],
    core: 0,
    signal,
  });
  try {
    const headers = one.carry === 'headers' ? HEADERS : {};
    const fixed = { port: said.port, concurrency, headers, names: HEADER_NAMES };
    const used = async () => (await service.ask<{ cpuMicros: number }>({})).cpuMicros;
    await upstream.ask<Seen>({ ...fixed, requests: warm });
    const before = await used();
    const seen = await upstream.ask<Seen>({ ...fixed, requests: calls });
    const after = await used();
    check(seen, one, variant, calls);
    return (after - before) / calls;
  } finally {
    await service.stop();
  }
}

/** @throws Error the calls did not carry what they must, each header once */
function check(seen: Seen, { node, client, carry }: Case, variant: SdkVariant, calls: number) {
  const where = `${client}, ${carry}, Node ${node.major}, ${nameOf(variant, client)}`;
  if (seen.calls !== calls) throw new Error(`${where}: ${seen.calls} calls for ${calls} requests`);
  const carried = carry === 'headers' ? variant.carried[client]! : [];
  for (const name of HEADER_NAMES) {
    const wanted = carried.includes(name) ? calls : 0;
    const [came, right] = [seen.came[name], seen.right[name]];
    if (came === wanted && right === wanted) continue;
    throw new Error(`${where}: ${name} came ${came} times, rightly ${right}: want ${wanted}`);
  }
}
