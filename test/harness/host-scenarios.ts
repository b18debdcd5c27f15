// host-scenarios: all scenarios on one V8 host, a plugin each.

import { Host, type Plugin } from '../../envoyfilter/src/host/index.js';
import { loadFilter, samplesOf } from './host.js';
import {
  bodyText,
  type Case,
  configurationText,
  countersOf,
  entryOf,
  headerPair,
  observed,
  observedAnswer,
  pick,
  type Result,
  type Scenario,
} from './scenario.js';

export class HostScenarios {
  readonly #host = new Host();
  readonly #plugins: readonly Plugin[];

  constructor(scenarios: readonly Scenario[]) {
    this.#plugins = scenarios.map((scenario, index) => {
      const entry = entryOf(scenario, index);
      return loadFilter(this.#host, entry, { configuration: configurationText(scenario, entry) });
    });
  }

  run(scenario: Scenario, index: number, it: Case): Result {
    const plugin = this.#plugins[index] as Plugin;
    const client = it.client ?? '192.0.2.1';
    const stream = plugin.open({
      sourceAddress: client.includes(':') ? `[${client}]:0` : `${client}:0`,
    });
    const request = stream.requestHeaders([
      [':authority', it.authority ?? 'scenario.test'],
      [':path', it.path ?? '/'],
      [':method', it.method ?? 'GET'],
      [':scheme', 'http'],
      ['x-forwarded-for', client],
      // HTTP takes blanks around a value for padding.
      ...(it.headers ?? []).map(headerPair).map(([name, value]) => [name, value.trim()] as const),
    ]);
    const { reply } = request;
    const headers =
      reply?.headers ??
      stream.responseHeaders([[':status', '200'], ...(it.answers ?? []).map(headerPair)]).headers;
    stream.done();
    const isHead = it.method === 'HEAD';
    const isForwarded = request.action === 'continue' && request.failed === undefined;
    return {
      status: reply?.status ?? (isForwarded ? 200 : 503),
      forwarded:
        reply !== undefined || isHead
          ? {}
          : pick(observed('forwarded', scenario), [...request.headers]),
      response: pick(observedAnswer(scenario, reply !== undefined), [...headers]),
      body: isHead ? undefined : reply && bodyText(reply.body),
    };
  }

  counters(scenario: Scenario, index: number): Record<string, number> {
    return countersOf(entryOf(scenario, index), samplesOf(this.#host));
  }

  async stop(): Promise<void> {}
}
