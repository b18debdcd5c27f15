// envoy-proxy: a proxy of the mesh as a real Envoy, its filters delivered by config discovery from
// files, as a control plane would: an update is a file that is renamed into place.

import { type EnvoyProcess, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { discoveredFilter, extensionConfig } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route, whenHeader } from './bootstrap.js';
import { DiscoveryFolder } from './ecds.js';
import { type MeshProxy, type ProxySpec, VIA } from './proxy.js';
import { WASM_PATH } from './wasm.js';

export interface EnvoyOptions {
  /** The executable. */
  readonly path: string;
  /** MAJOR.MINOR.PATCH of it. */
  readonly version: string;
  readonly signal?: AbortSignal | undefined;
}

export class EnvoyProxy implements MeshProxy {
  readonly #envoy: EnvoyProcess;
  readonly #folder: DiscoveryFolder;
  readonly #version: string;

  private constructor(envoy: EnvoyProcess, folder: DiscoveryFolder, version: string) {
    this.#envoy = envoy;
    this.#folder = folder;
    this.#version = version;
  }

  static async start(spec: ProxySpec, options: EnvoyOptions): Promise<EnvoyProxy> {
    const folder = await DiscoveryFolder.make();
    try {
      for (const { name, filter } of spec.listeners) {
        await folder.push(name, [resource(name, filter, options.version)]);
      }
      const listeners = spec.listeners.map(({ name, routes }) => ({
        name,
        filters: [discoveredFilter(name, folder.source(name))],
        routes: routes.map(({ cluster, when }) => ({
          ...route(cluster, when ? whenHeader(when.header, when.value) : {}),
          response_headers_to_add: [via(`${spec.name} ${name}`)],
        })),
      }));
      const clusters = Object.entries(spec.clusters).map(([name, port]) => ({ name, port }));
      const envoy = await startEnvoy({
        path: options.path,
        name: spec.name,
        signal: options.signal,
        bootstrap: bootstrap(listeners, clusters),
        componentLogLevel: 'wasm:info',
      });
      return new EnvoyProxy(envoy, folder, options.version);
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  get admin(): string {
    return this.#envoy.admin.url;
  }

  get logs(): readonly string[] {
    return this.#envoy.logs;
  }

  async port(listener: string): Promise<number> {
    return (await this.#envoy.listener(listener)).port;
  }

  async metrics() {
    const samples = await this.#envoy.admin.prometheus();
    return samples.filter(({ name }) => name.startsWith('tagalong_'));
  }

  stats(filter: string): Promise<Map<string, number>> {
    return this.#envoy.admin.stats(filter);
  }

  /** Delivers another configuration for a listener's filter; it is in force some moments later. */
  push(listener: string, filter: FilterEntry): Promise<void> {
    return this.#folder.push(listener, [resource(listener, filter, this.#version)]);
  }

  async stop(): Promise<void> {
    await this.#envoy.stop();
    await this.#folder.remove();
  }
}

function resource(name: string, filter: FilterEntry, envoy: string): object {
  return extensionConfig(name, filter, { wasmPath: WASM_PATH, envoy });
}

function via(place: string): object {
  const value = `${place} tag=%REQ(x-traffic-tag)% to=%UPSTREAM_CLUSTER%`;
  return { header: { key: VIA, value }, append_action: 'APPEND_IF_EXISTS_OR_ADD' };
}
