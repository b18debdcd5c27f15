// metrics: counters, gauges and histograms of one process, and the ids by which one VM names them.
// Promise: ids are per VM and new at each define; equal type and name share one value across VMs,
// plugins and workers, also after a VM is gone. Values are 64-bit and wrap. Names are Latin-1 text.
// The low two bits of an id are the type (proxy-wasm-cpp-host); statuses are Envoy's.

import { METRIC_TYPE_MAX, MetricType, Status } from './status.js';

interface Cell {
  readonly type: MetricType;
  readonly name: string;
  readonly value: BigUint64Array;
  readonly samples: bigint[];
}

// A histogram keeps its latest samples only: nothing reads more, and a fuzz run must not grow.
const SAMPLES_MAX = 1024;

/** All metrics of a process by name. */
export class Metrics {
  readonly #cells = new Map<string, Cell>();

  /** @internal */
  cell(type: MetricType, name: string): Cell {
    const key = `${type}${name}`;
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      cell = { type, name, value: new BigUint64Array(1), samples: [] };
      this.#cells.set(key, cell);
    }
    return cell;
  }

  /** The value of a counter or gauge; 0n if nobody defined it. */
  value(name: string, type: MetricType = MetricType.Counter): bigint {
    return this.#cells.get(`${type}${name}`)?.value[0] ?? 0n;
  }

  /** The latest samples of a histogram, oldest first. */
  samples(name: string): readonly bigint[] {
    return this.#cells.get(`${MetricType.Histogram}${name}`)?.samples ?? [];
  }

  /** Counters and gauges by the name that the guest gave; of equal names the last defined wins. */
  snapshot(): Map<string, bigint> {
    const all = new Map<string, bigint>();
    for (const { type, name, value } of this.#cells.values()) {
      if (type !== MetricType.Histogram) all.set(name, value[0]!);
    }
    return all;
  }

  /** The same, taken apart into name and labels by `parseMetricName`. */
  series(): { name: string; labels: Record<string, string>; value: bigint }[] {
    return [...this.snapshot()].map(([name, value]) => ({ ...parseMetricName(name), value }));
  }
}

/** The ids of one VM. */
export class MetricIds {
  readonly #metrics: Metrics;
  readonly #cells: Cell[][] = [[], [], []];

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** A new id, or undefined for a type that does not exist. */
  define(type: number, name: string): number | undefined {
    if (type > METRIC_TYPE_MAX) return undefined;
    const cells = this.#cells[type]!;
    // The first id of a type is type + 4: proxy-wasm-cpp-host counts before it hands out.
    return cells.push(this.#metrics.cell(type as MetricType, name)) * 4 + type;
  }

  increment(id: number, offset: bigint): Status {
    const type = id & 3;
    if (type > MetricType.Gauge) return Status.BadArgument;
    const cell = this.#find(id);
    if (cell === undefined) return Status.NotFound;
    if (offset <= 0n && type === MetricType.Counter) return Status.BadArgument;
    cell.value[0] = cell.value[0]! + offset;
    return Status.Ok;
  }

  /** Sets a gauge, adds to a counter, samples a histogram. */
  record(id: number, value: bigint): Status {
    const cell = this.#find(id);
    if (cell === undefined) return Status.NotFound;
    if (cell.type === MetricType.Gauge) cell.value[0] = value;
    else if (cell.type === MetricType.Counter) cell.value[0] = cell.value[0]! + value;
    else {
      if (cell.samples.length >= SAMPLES_MAX) cell.samples.shift();
      cell.samples.push(BigInt.asUintN(64, value));
    }
    return Status.Ok;
  }

  /** The value, or the status that refuses it. */
  get(id: number): bigint | Status {
    if ((id & 3) > MetricType.Gauge) return Status.BadArgument;
    return this.#find(id)?.value[0] ?? Status.NotFound;
  }

  #find(id: number): Cell | undefined {
    return this.#cells[id & 3]?.[(id >>> 2) - 1];
  }
}

/**
 * Takes a metric name of the form `NAME.LABEL=.=VALUE;.;LABEL=.=VALUE;.;` apart. A name without
 * labels is all name. What follows the last `;.;` without being a label stays part of nothing.
 */
export function parseMetricName(wire: string): { name: string; labels: Record<string, string> } {
  const first = wire.indexOf('=.=');
  if (first < 0) return { name: wire, labels: {} };
  const dot = wire.lastIndexOf('.', first - 1);
  const labels: Record<string, string> = {};
  for (const part of wire.slice(dot + 1).split(';.;')) {
    const at = part.indexOf('=.=');
    if (at >= 0) labels[part.slice(0, at)] = part.slice(at + 3);
  }
  return { name: wire.slice(0, Math.max(dot, 0)), labels };
}
