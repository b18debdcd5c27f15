// limited-proxy: an Envoy with a filter that may have global limits, as it is rendered: the wasm, and
// behind it what asks the rate limit service.

import { type EnvoyProcess, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { rateLimitFilters } from '../../envoyfilter/src/render/rate-limit-filters.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route } from './bootstrap.js';
import type { RateLimitService } from './ratelimit-service.js';
import { WASM_PATH } from './wasm.js';

const LISTENER = 'gateway';
const UPSTREAM = 'upstream';
const SERVICE = 'ratelimit';

export interface LimitedProxyOptions {
  readonly path: string;
  readonly version: string;
  readonly entry: FilterEntry;
  readonly service: RateLimitService;
  readonly upstreamPort: number;
  /** How long a request waits for the service; default 10,000: no test is about being slow. */
  readonly timeoutMs?: number;
}

export class LimitedProxy {
  readonly port: number;
  readonly #envoy: EnvoyProcess;

  private constructor(envoy: EnvoyProcess, port: number) {
    this.#envoy = envoy;
    this.port = port;
  }

  static async start(options: LimitedProxyOptions): Promise<LimitedProxy> {
    const { path, version, entry, service, upstreamPort, timeoutMs = 10_000 } = options;
    const filters = [
      staticFilter(entry, { wasmPath: WASM_PATH, envoy: version }),
      ...rateLimitFilters(entry, { cluster: SERVICE, timeoutMs }),
    ];
    const all = bootstrap(
      [{ name: LISTENER, filters, routes: [route(UPSTREAM)] }],
      [{ name: UPSTREAM, port: upstreamPort }],
    ) as { static_resources: { clusters: object[] } };
    all.static_resources.clusters.push(service.cluster(SERVICE));
    const envoy = await startEnvoy({ path, bootstrap: all });
    try {
      return new LimitedProxy(envoy, (await envoy.listener(LISTENER)).port);
    } catch (error) {
      await envoy.stop();
      throw error;
    }
  }

  /** How often Envoy's filter has had each answer for a limit, e.g. `ok` and `over_limit`. */
  async asked(limit: string): Promise<Record<string, number>> {
    const prefix = `cluster.${UPSTREAM}.ratelimit.${limit}.`;
    const stats = await this.#envoy.admin.stats(prefix);
    return Object.fromEntries(
      [...stats].flatMap(([name, value]) =>
        value === 0 ? [] : [[name.slice(prefix.length), value] as const],
      ),
    );
  }

  stop(): Promise<void> {
    return this.#envoy.stop();
  }
}
