// envoy: policies as the bootstrap of a plain Envoy, without Istio: a listener for each entry and
// direction, and clusters for the versions of the routes. Into a folder: filters by discovery from
// files, which take effect when they are replaced; as one text: filters in the listeners.
// Promise: pure; Envoy that is started in the folder finds all that it is told of.

import { filterEntries, type PlacedEntry, type Policy, versionsOf } from '../../policy/policy.js';
import { codeSource, deliveryOf, failurePolicy, MODULE_FILE } from '../delivery.js';
import { namesIn } from '../module.js';
import { filterName } from '../names.js';
import { RenderError, type RenderOptions } from '../options.js';
import { rateLimitFilters, rateLimitGuard } from '../rate-limit-filters.js';
import { DEFAULT_PORT, serviceOf, timeoutOf } from '../rate-limit-service.js';
import { type Rendered, toYaml } from '../resource.js';
import { statsConfig } from '../stats-tags.js';
import {
  discoveredFilter,
  extensionConfig,
  staticFilter,
  type WasmFilterOptions,
} from '../wasm-filter.js';
import { cluster, http2Cluster, routeClusters } from './envoy-cluster.js';
import { APP, address, listener } from './envoy-listener.js';

export interface EnvoyOptions extends RenderOptions {
  /** HOST:PORT of the versions, by VERSION or HOST/VERSION; `app` is behind inbound listeners. */
  readonly endpoints?: Readonly<Record<string, string>>;
  /** Of the first listener, those after it count on; 0: any that is free. Default 10000. */
  readonly port?: number;
  /** What the listeners of gateways and inbound requests listen on; default 0.0.0.0. */
  readonly address?: string;
  /** Default 9901. */
  readonly adminPort?: number;
  /** The folder that the files will be in; default the one that Envoy is started in. */
  readonly root?: string;
  readonly accessLog?: readonly object[];
}

export interface EnvoyConfiguration {
  readonly bootstrap: object;
  /** What the filters are configured with, DiscoveryResponses by path from `root`. */
  readonly extensions: ReadonlyMap<string, object>;
  readonly notes: readonly string[];
}

/** Where the filters' configurations are; watched by Envoy. */
export const EXTENSIONS_FOLDER = 'ecds';

const FIRST_PORT = 10_000;
const ADMIN_PORT = 9901;
/** Of a version without an endpoint; the application, then the versions in their order. */
const FIRST_APP_PORT = 8080;

/** Of endpoints in a note. */
const MOST_NAMED = 8;

const ABOUT = 'Rendered by tagalong. Edit the policy, not this.';

/** `--as envoy`. @throws RenderError */
export function renderEnvoy(policies: readonly Policy[], options: EnvoyOptions): Rendered {
  const { bootstrap, extensions, notes } = envoyConfiguration(policies, options);
  if (options.to === 'stream') {
    return { files: [{ path: 'envoy.yaml', content: toYaml([bootstrap], ABOUT) }], notes };
  }
  const about = `${ABOUT}\nStart it in this folder: envoy -c envoy.yaml`;
  return {
    files: [
      // The first to be there, as the others name it.
      { path: MODULE_FILE, content: options.module.bytes },
      { path: 'envoy.yaml', content: toYaml([bootstrap], about) },
      ...[...extensions].map(([path, response]) => ({ path, content: toYaml([response], ABOUT) })),
    ],
    notes: [
      ...notes,
      `a file in ${EXTENSIONS_FOLDER}/ takes effect when another is moved into its place ("mv"), not when it is edited`,
    ],
  };
}

/** The same as data. */
export function envoyConfiguration(
  policies: readonly Policy[],
  options: EnvoyOptions,
): EnvoyConfiguration {
  const placed = policies.flatMap((policy) =>
    filterEntries(policy).map((entry) => ({ policy, entry })),
  );
  if (placed.length === 0) {
    throw new RenderError('found no filter in any policy, wanted one: a listener is made for each');
  }
  const extensions = new Map<string, object>();
  const offers = namesIn(options.module);
  const inline = Buffer.from(options.module.bytes).toString('base64');
  const port = options.port ?? FIRST_PORT;
  const listeners = placed.map(({ policy, entry }, index) => {
    const wasm = wasmOptions(policy, options, offers, inline);
    const filter =
      options.to === 'stream'
        ? staticFilter(entry, wasm)
        : discovered(entry, index, wasm, options, extensions);
    const filters = [...rateLimitGuard(entry), filter, ...limitFilters(policy, entry)];
    return listener(policy, entry, filters, { ...options, port: port === 0 ? 0 : port + index });
  });
  const { clusters, notes } = clustersOf(placed, options);
  const bootstrap = {
    node: { id: 'tagalong', cluster: 'tagalong' },
    admin: { address: address('127.0.0.1', options.adminPort ?? ADMIN_PORT) },
    stats_config: statsConfig(),
    static_resources: { listeners, clusters },
  };
  return { bootstrap, extensions, notes: [...notes, ...policies.flatMap(unsaid)] };
}

function wasmOptions(
  policy: Policy,
  { module, target, to, root = '' }: EnvoyOptions,
  offers: ReadonlySet<string>,
  inline: string,
): WasmFilterOptions {
  const delivery = deliveryOf(policy, module);
  // No agent fetches here and no pod mounts: the module lies beside the files, or is in the text.
  const code =
    to === 'stream'
      ? codeSource(delivery.way === 'file' ? delivery : { ...delivery, way: 'inline' }, inline)
      : { local: { filename: under(root, MODULE_FILE) } };
  // Nothing is fetched, so that every policy means what it says.
  const failure = failurePolicy(policy, { ...delivery, way: 'file' });
  return { code, envoy: target.envoy, offers, failurePolicy: failure };
}

/** A filter that Envoy reads from a file of its own. */
function discovered(
  entry: PlacedEntry,
  index: number,
  wasm: WasmFilterOptions,
  { root = '' }: EnvoyOptions,
  extensions: Map<string, object>,
): object {
  const name = filterName(entry);
  const path = `${EXTENSIONS_FOLDER}/${index}-${entry.direction}.yaml`;
  extensions.set(path, { version_info: '1', resources: [extensionConfig(name, entry, wasm)] });
  return discoveredFilter(name, {
    path_config_source: {
      path: under(root, path),
      watched_directory: { path: under(root, EXTENSIONS_FOLDER) },
    },
    resource_api_version: 'V3',
  });
}

function clustersOf(
  placed: readonly { policy: Policy; entry: PlacedEntry }[],
  { endpoints = {} }: EnvoyOptions,
): { clusters: object[]; notes: string[] } {
  const guessed: string[] = [];
  const clusters = new Map<string, object>();
  const endpointOf = (names: readonly string[], port: number): string => {
    const given = names.map((name) => endpoints[name]).find((one) => one !== undefined);
    if (given !== undefined) return given;
    guessed.push(`${names[0]} at 127.0.0.1:${port}`);
    return `127.0.0.1:${port}`;
  };
  const add = (all: readonly object[]) => {
    for (const one of all) clusters.set((one as { name: string }).name, one);
  };
  const policies = [...new Set(placed.map(({ policy }) => policy))];
  let port = FIRST_APP_PORT;
  const toApp = placed.some(
    ({ policy, entry }) => entry.direction === 'inbound' || (policy.spec.routes ?? []).length === 0,
  );
  if (toApp) add([cluster(APP, endpointOf([APP], port))]);
  for (const policy of policies) {
    for (const route of policy.spec.routes ?? []) {
      const of = (version: string) => {
        port++;
        return endpointOf([`${route.host}/${version}`, version], port);
      };
      add(routeClusters(route, versionsOf(route), of));
    }
    if (filterEntries(policy).some((entry) => rateLimitGuard(entry).length > 0)) {
      const service = rateLimitEndpoint(policy);
      add([http2Cluster(service, service)]);
    }
  }
  const more = guessed.length - MOST_NAMED;
  const named = [...guessed.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const note = `no endpoints are known: ${named}; edit the clusters, or use tagalong up`;
  return { clusters: [...clusters.values()], notes: guessed.length > 0 ? [note] : [] };
}

function limitFilters(policy: Policy, entry: PlacedEntry): object[] {
  if (rateLimitGuard(entry).length === 0) return [];
  const { host, timeout } = serviceOf(policy);
  const service = { cluster: rateLimitEndpoint(policy), authority: host, ...timeoutOf(timeout) };
  return rateLimitFilters(entry, service);
}

/** HOST:PORT of the rate limit service, and the name of its cluster. */
function rateLimitEndpoint(policy: Policy): string {
  const { host, port = DEFAULT_PORT } = serviceOf(policy);
  return `${host}:${port}`;
}

/** What stays with Istio. */
function unsaid({ metadata, spec }: Policy): string[] {
  const keys = ['faults', 'connection'] as const;
  return (spec.routes ?? []).flatMap((route) =>
    keys
      .filter((key) => route[key] !== undefined)
      .map(
        (key) =>
          `policy ${metadata.namespace}/${metadata.name}: ${key} of ${route.host} are for Istio ` +
          '(--as envoyfilter), not for a plain Envoy',
      ),
  );
}

function under(root: string, path: string): string {
  return root === '' ? path : `${root}/${path}`;
}
