// envoy-proxy: a proxy of the mesh as a real Envoy, its filters delivered by config discovery from
// files, as a control plane would: an update is a file that is renamed into place.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EnvoyProcess, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { discoveredFilter, extensionConfig } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route, whenHeader } from './bootstrap.js';
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
  readonly #directory: Discovery;

  private constructor(envoy: EnvoyProcess, directory: Discovery) {
    this.#envoy = envoy;
    this.#directory = directory;
  }

  static async start(spec: ProxySpec, options: EnvoyOptions): Promise<EnvoyProxy> {
    const directory = await Discovery.create(options.version);
    try {
      for (const { name, filter } of spec.listeners) await directory.put(name, filter);
      const listeners = spec.listeners.map(({ name, routes }) => ({
        name,
        filters: [discoveredFilter(name, directory.source(name))],
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
      return new EnvoyProxy(envoy, directory);
    } catch (error) {
      await directory.remove();
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
    return this.#directory.put(listener, filter);
  }

  async stop(): Promise<void> {
    await this.#envoy.stop();
    await this.#directory.remove();
  }
}

/** A folder of resources that Envoy watches. */
class Discovery {
  readonly #path: string;
  readonly #envoy: string;
  #version = 0;

  private constructor(path: string, envoy: string) {
    this.#path = path;
    this.#envoy = envoy;
  }

  static async create(envoy: string): Promise<Discovery> {
    return new Discovery(await mkdtemp(join(tmpdir(), 'tagalong-ecds-')), envoy);
  }

  source(name: string): object {
    return {
      resource_api_version: 'V3',
      path_config_source: {
        path: join(this.#path, `${name}.json`),
        watched_directory: { path: this.#path },
      },
    };
  }

  async put(name: string, filter: FilterEntry): Promise<void> {
    const options = { wasmPath: WASM_PATH, envoy: this.#envoy };
    const response = {
      version_info: String(++this.#version),
      resources: [extensionConfig(name, filter, options)],
    };
    const path = join(this.#path, `${name}.json`);
    await writeFile(`${path}.new`, JSON.stringify(response));
    await rename(`${path}.new`, path);
  }

  remove(): Promise<void> {
    return rm(this.#path, { recursive: true, force: true });
  }
}

function via(place: string): object {
  const value = `${place} tag=%REQ(x-traffic-tag)% to=%UPSTREAM_CLUSTER%`;
  return { header: { key: VIA, value }, append_action: 'APPEND_IF_EXISTS_OR_ADD' };
}
