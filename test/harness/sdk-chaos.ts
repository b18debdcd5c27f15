// sdk-chaos: clients of the SDK in an open loop while their sidecar comes late, is killed, comes back
// and is drained; and what came of each call, on both sides.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SdkSidecar } from './sdk-sidecar.js';

export const CLIENTS = ['fetch', 'interceptor', 'grpc'] as const;
export type Client = (typeof CLIENTS)[number];

export interface ChaosOptions {
  readonly clients: readonly Client[];
  /** Calls a second of each client. */
  readonly rate: number;
  readonly seconds: number;
  /** When it happens, in seconds. */
  readonly upAt: number;
  readonly killsAt: readonly number[];
  readonly downFor: number;
  readonly drainAt: number;
  readonly goneAt: number;
  readonly direct: boolean;
  readonly deadlineMs: number;
  readonly floorPerSecond: number;
  /** The Node that runs the clients. */
  readonly node?: string;
}

export interface CallResult {
  readonly id: string;
  readonly which: 'get' | 'keyed' | 'post';
  /** Epoch. */
  readonly at: number;
  readonly ms: number;
  /** The client's event loop was late by so much as it ended. */
  readonly lateMs: number;
  readonly status?: number;
  readonly error?: string;
  readonly typed?: boolean;
  readonly sent?: 'no' | 'maybe';
  readonly cause?: string;
  readonly tried?: string;
}

export interface ClientReport {
  readonly client: Client;
  readonly results: readonly CallResult[];
  /** Requests that were put on a wire; `tries`: with connections that were refused. */
  readonly wire: number;
  readonly tries: number;
  readonly via: Readonly<Record<string, number>>;
  readonly lagMs: number;
}

export interface ChaosReport {
  readonly reports: readonly ClientReport[];
  /** When the sidecar died. */
  readonly deaths: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly drainedAtMs: number;
  /** `client-which` → id → times. */
  readonly arrivals: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** `client-which id` → times. */
  readonly effects: Readonly<Record<string, number>>;
}

const app = (name: string) =>
  fileURLToPath(new URL(`../sdk-node/apps/calls/${name}`, import.meta.url));

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const children: ChildProcess[] = [];
  const upstream = fork(app('chaos-upstream.mjs'));
  children.push(upstream);
  let sidecar: SdkSidecar | undefined;
  try {
    const ports = await message<{ http: number; grpc: number }>(upstream);
    sidecar = await SdkSidecar.make({
      upstreams: {
        'reviews.test:9080': { port: ports.http },
        'ratings.test:50051': { port: ports.grpc, http2: true },
      },
    });
    const { rate, seconds, deadlineMs, floorPerSecond } = options;
    const env = { ...process.env, ...sidecar.env };
    const workers = options.clients.map((kind) => {
      const address = `127.0.0.1:${kind === 'grpc' ? ports.grpc : ports.http}`;
      const direct = options.direct ? address : undefined;
      const given = { kind, rate, seconds, deadlineMs, direct, floorPerSecond };
      const execPath = options.node ?? process.execPath;
      const worker = fork(app('chaos.mjs'), [JSON.stringify(given)], { env, execPath });
      children.push(worker);
      return worker;
    });
    await Promise.all(workers.map((worker) => message(worker)));
    const told = workers.map((worker) => message<Omit<ClientReport, 'client'>>(worker));
    for (const worker of workers) worker.send('begin');
    const life = live(sidecar, options);
    const [happened, ...reports] = await Promise.all([life, ...told]);
    const asked = message<Pick<ChaosReport, 'arrivals' | 'effects'>>(upstream);
    upstream.send('report');
    const { arrivals, effects } = await asked;
    return {
      reports: reports.map((report, i) => ({ ...report, client: options.clients[i]! })),
      ...happened,
      arrivals,
      effects,
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await sidecar?.stop();
  }
}

async function live(
  sidecar: SdkSidecar,
  options: ChaosOptions,
): Promise<Pick<ChaosReport, 'deaths' | 'drainedAtMs'>> {
  const { upAt, killsAt, downFor, drainAt, goneAt } = options;
  const beganMs = performance.now();
  const at = (second: number) => delay(Math.max(0, beganMs + second * 1_000 - performance.now()));
  const deaths = [];
  await at(upAt);
  await sidecar.start();
  for (const killAt of killsAt) {
    await at(killAt);
    deaths.push(await sidecar.kill());
    await at(killAt + downFor);
    await sidecar.start();
  }
  await at(drainAt);
  const drainedAtMs = Date.now();
  await sidecar.drain();
  await at(goneAt);
  deaths.push(await sidecar.kill());
  return { deaths, drainedAtMs };
}

async function message<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a child has ended with ${code} before it said anything`);
  });
  ended.catch(() => {});
  const [said] = await Promise.race([once(child, 'message'), ended]);
  return said as T;
}
