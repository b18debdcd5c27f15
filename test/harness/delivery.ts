// delivery: the two ways in which a control plane brings a filter into a running Envoy: its
// configuration alone (ECDS), or the listener that holds it (LDS). Beside the filter that is
// delivered, at `inbound`, stands one that stays, at `outbound`.

import { type EnvoyProcess, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import {
  discoveredFilter,
  extensionConfig,
  staticFilter,
} from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, type Cluster, type Listener } from './bootstrap.js';
import { DiscoveryFolder } from './ecds.js';
import { WASM_PATH } from './wasm.js';

const LISTENER = 'type.googleapis.com/envoy.config.listener.v3.Listener';

export interface DeliveryOptions {
  readonly path: string;
  readonly version: string;
  readonly transport: 'ECDS' | 'LDS';
  /** How long an old listener serves its connections. */
  readonly drainSeconds?: number;
  /** Worker threads; default 1. */
  readonly concurrency?: number;
  readonly outbound: FilterEntry;
  readonly routes: readonly object[];
  readonly clusters: readonly Cluster[];
  /** What is there from the start. */
  readonly first: FilterEntry;
}

/** A listener's name, and that of the resources that bring it or its filter. */
const INBOUND = 'inbound';
const OUTBOUND = 'outbound';

export class Delivery {
  readonly envoy: EnvoyProcess;
  readonly #folder: DiscoveryFolder;
  readonly #options: DeliveryOptions;

  private constructor(envoy: EnvoyProcess, folder: DiscoveryFolder, options: DeliveryOptions) {
    this.envoy = envoy;
    this.#folder = folder;
    this.#options = options;
  }

  static async start(options: DeliveryOptions): Promise<Delivery> {
    const folder = await DiscoveryFolder.make();
    try {
      const first = filterOf(options, options.first, WASM_PATH);
      await folder.push(INBOUND, resourcesOf(options, first));
      const common = {
        path: options.path,
        concurrency: options.concurrency,
        args: ['--drain-time-s', String(options.drainSeconds ?? 600)],
      };
      if (options.transport === 'ECDS') {
        const filter = discoveredFilter(INBOUND, folder.source(INBOUND));
        const listeners = listenersOf(options, filter);
        const all = bootstrap(listeners, options.clusters);
        return new Delivery(await startEnvoy({ ...common, bootstrap: all }), folder, options);
      }
      const dynamic_resources = { lds_config: folder.source(INBOUND) };
      const all = { ...bootstrap([], options.clusters), dynamic_resources };
      return new Delivery(await startEnvoy({ ...common, bootstrap: all }), folder, options);
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  async inbound(): Promise<number> {
    return (await this.envoy.listener(INBOUND)).port;
  }

  async outbound(): Promise<number> {
    return (await this.envoy.listener(OUTBOUND)).port;
  }

  /** Sends another filter in the place of the one before. */
  push(entry: FilterEntry, wasmPath = WASM_PATH): Promise<void> {
    const resources = resourcesOf(this.#options, filterOf(this.#options, entry, wasmPath));
    return this.#folder.push(INBOUND, resources);
  }

  /** Sends that there is nothing: no filter, or not one listener. */
  removeAll(): Promise<void> {
    return this.#folder.push(INBOUND, []);
  }

  /** Pushes that Envoy has refused. */
  async refused(): Promise<number> {
    const name =
      this.#options.transport === 'ECDS'
        ? `extension_config_discovery.http_filter.${INBOUND}.update_rejected`
        : 'listener_manager.lds.update_rejected';
    return (await this.envoy.admin.stats(name)).get(name) ?? 0;
  }

  async stop(): Promise<void> {
    await this.envoy.stop();
    await this.#folder.remove();
  }
}

function filterOf(options: DeliveryOptions, entry: FilterEntry, wasmPath: string): object {
  const render = { wasmPath, envoy: options.version };
  return options.transport === 'ECDS'
    ? extensionConfig(INBOUND, entry, render)
    : staticFilter(entry, render);
}

function resourcesOf(options: DeliveryOptions, filter: object): object[] {
  if (options.transport === 'ECDS') return [filter];
  const { static_resources } = bootstrap(listenersOf(options, filter), []) as {
    static_resources: { listeners: object[] };
  };
  return static_resources.listeners.map((one) => ({ '@type': LISTENER, ...one }));
}

function listenersOf(options: DeliveryOptions, inbound: object): Listener[] {
  const { routes, outbound, version } = options;
  const stays = staticFilter(outbound, { wasmPath: WASM_PATH, envoy: version });
  return [
    { name: INBOUND, filters: [inbound], routes },
    { name: OUTBOUND, filters: [stays], routes },
  ];
}
