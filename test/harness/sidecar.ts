// sidecar: the release module at both ends of one proxy, in VMs of their own, and between them an
// application that is played by the test.

import { deepStrictEqual } from 'node:assert/strict';
import {
  Host,
  type HostOptions,
  ManualClock,
  type Plugin,
} from '../../envoyfilter/src/host/index.js';
import { entryFor, loadFilter, metricOf, requestOf } from './host.js';
import { ID } from './trace-ids.js';

/** By name; an array for a repeated header. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface SidecarOptions extends Omit<HostOptions, 'clock'> {
  /** Of both directions; default one tag that is trusted. */
  readonly sections?: Readonly<Record<string, unknown>>;
  /** What one direction has instead. */
  readonly inbound?: Readonly<Record<string, unknown>>;
  readonly outbound?: Readonly<Record<string, unknown>>;
  readonly propagate?: Readonly<Record<string, unknown>>;
  /** NAMESPACE/POLICY; default shop/carry. */
  readonly policy?: string;
  /** Left out of the capability list, by bare name. */
  readonly without?: readonly string[];
  /** Of another sidecar, to be another policy of the same proxy. */
  readonly host?: Host;
  readonly clock?: ManualClock;
}

export class Sidecar {
  readonly clock: ManualClock;
  readonly host: Host;
  readonly inbound: Plugin;
  readonly outbound: Plugin;
  readonly policy: string;

  constructor(options: SidecarOptions = {}) {
    const {
      sections,
      inbound,
      outbound,
      propagate = {},
      policy,
      without,
      host,
      clock,
      ...rest
    } = options;
    this.clock = clock ?? new ManualClock();
    this.host = host ?? new Host({ logLevel: 'error', ...rest, clock: this.clock });
    this.policy = policy ?? 'shop/carry';
    const both = sections ?? { tags: [{ header: 'x-traffic-tag', incoming: 'trust' }] };
    const entry = (direction: 'inbound' | 'outbound', own: object | undefined) =>
      entryFor({ ...both, propagate, ...own }, `${this.policy}/${direction}`, direction);
    const lists = without === undefined ? {} : { without };
    this.inbound = loadFilter(this.host, entry('inbound', inbound), lists);
    this.outbound = loadFilter(this.host, entry('outbound', outbound), lists);
    if (!this.inbound.accepted || !this.outbound.accepted) {
      throw new Error(this.host.logs.map(({ message }) => message).join('\n'));
    }
  }

  /** Has every worker write, until each knows of the others; all that takes 61 s has expired. */
  settle(workers: number): void {
    for (let i = 0; i < 2; i++) {
      for (let worker = 0; worker < workers; worker++) {
        this.receive({ 'x-request-id': `settling ${worker}` }, worker);
      }
      this.clock.advance(1_000_000_000n);
    }
    this.clock.advance(60_000_000_000n);
  }

  /** What the application sees of a request. */
  receive(headers: Headers, worker = 0): Headers {
    return pass(this.inbound, headers, worker);
  }

  /** What leaves the proxy of a call that the application makes. */
  call(headers: Headers, worker = 0): Headers {
    return pass(this.outbound, headers, worker);
  }

  /** tagalong_propagate_total of both directions. */
  count(outcome: string): number {
    return this.#sum('tagalong_propagate_total', { outcome });
  }

  /** tagalong_errors_total of both directions. */
  errors(kind?: string): number {
    return this.#sum('tagalong_errors_total', kind === undefined ? {} : { kind });
  }

  /** Keys of shared data under which requests are remembered. */
  slots(): string[] {
    const prefix = `tagalong/1/propagate/${this.policy}/`;
    return this.host.sharedData.keys('tagalong').filter((key) => key.startsWith(prefix));
  }

  #sum(metric: string, labels: Readonly<Record<string, string>>): number {
    const of = (direction: string) =>
      metricOf(this.host, `${this.policy}/${direction}`, metric, labels);
    return of('inbound') + of('outbound');
  }
}

function pass(plugin: Plugin, headers: Headers, worker: number): Headers {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  );
  const stream = plugin.open({ worker });
  const outcome = stream.requestHeaders(requestOf(pairs));
  stream.done();
  if (outcome.failed !== undefined || outcome.action !== 'continue') {
    throw new Error(`the request did not go on: ${outcome.failed ?? outcome.action}`);
  }
  const names = outcome.headers.names.filter((name) => !name.startsWith(':'));
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => {
      const values = outcome.headers.getAll(name);
      return [name, values.length === 1 ? values[0]! : values];
    }),
  );
}

/**
 * What is added to a call that forwards `forwarded` of a request.
 * @throws Error where the call has not got what was forwarded
 */
export function added(
  request: Headers,
  forwarded: Headers = { 'x-request-id': ID },
  options: SidecarOptions = {},
): Headers {
  const sidecar = new Sidecar(options);
  sidecar.receive({ 'x-request-id': ID, ...request });
  const call = sidecar.call(forwarded);
  for (const [name, value] of Object.entries(forwarded)) deepStrictEqual(call[name], value);
  return Object.fromEntries(Object.entries(call).filter(([name]) => !(name in forwarded)));
}
