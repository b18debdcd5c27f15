// envoy-scenarios: all scenarios in one real Envoy, a listener each.

import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route } from './bootstrap.js';
import { send } from './client.js';
import { type Echo, type EchoServer, startEchoServer } from './echo-server.js';
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
import { WASM_PATH } from './wasm.js';

export class EnvoyScenarios {
  readonly #envoy: EnvoyProcess;
  readonly #upstream: EchoServer;

  private constructor(envoy: EnvoyProcess, upstream: EchoServer) {
    this.#envoy = envoy;
    this.#upstream = upstream;
  }

  /** `version` as in 1.40.0. */
  static async start(scenarios: readonly Scenario[], version: string): Promise<EnvoyScenarios> {
    const { path } = await findEnvoy({ version });
    const upstream = await startEchoServer();
    const listeners = scenarios.map((scenario, index) => {
      const entry = entryOf(scenario, index);
      const configuration = configurationText(scenario, entry);
      const options = { wasmPath: WASM_PATH, envoy: version, configuration };
      return {
        name: entry.id,
        filters: [staticFilter(entry, options)],
        routes: [route('echo')],
      };
    });
    const clusters = [{ name: 'echo', port: upstream.port }];
    const envoy = await startEnvoy({ path, bootstrap: bootstrap(listeners, clusters) });
    return new EnvoyScenarios(envoy, upstream);
  }

  async run(scenario: Scenario, index: number, it: Case): Promise<Result> {
    const { port } = await this.#envoy.listener(entryOf(scenario, index).id);
    const answer = await send({
      port,
      method: it.method ?? 'GET',
      path: it.path ?? '/',
      headers: [
        ['host', it.authority ?? 'scenario.test'],
        // With no trusted hop Envoy takes the last entry for the client.
        ['x-forwarded-for', it.client ?? '192.0.2.1'],
        ...(it.headers ?? []).map(headerPair),
        ...(it.answers ?? []).map((line): [string, string] => ['x-answer', line]),
      ],
    });
    const echo = echoOf(answer.body);
    const isHead = it.method === 'HEAD';
    const isOwn = echo === undefined && !(isHead && answer.status === 200);
    return {
      status: answer.status,
      forwarded: echo === undefined ? {} : pick(observed('forwarded', scenario), echo.headers),
      response: pick(observedAnswer(scenario, isOwn), answer.headers),
      body: isOwn && !isHead ? bodyText(answer.body) : undefined,
    };
  }

  async counters(scenario: Scenario, index: number): Promise<Record<string, number>> {
    return countersOf(entryOf(scenario, index), await this.#envoy.admin.prometheus());
  }

  get logs(): readonly string[] {
    return this.#envoy.logs;
  }

  async stop(): Promise<void> {
    await this.#envoy.stop();
    await this.#upstream.close();
  }
}

/** What the next hop says, or undefined where it was not asked. */
function echoOf(body: string): Echo | undefined {
  try {
    const echo: Partial<Echo> = JSON.parse(body);
    return echo.service === 'echo' ? (echo as Echo) : undefined;
  } catch {
    return undefined;
  }
}
