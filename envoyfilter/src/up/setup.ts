// setup: policies as what a local Envoy is started with: the listeners where clients come in, which
// are the gateways', or where the policy has none those of outbound or inbound requests. Pure.

import { filterEntries, type Policy } from '../policy/policy.js';
import { envoyConfiguration } from '../render/envoy/envoy.js';
import { filterName } from '../render/names.js';
import type { WasmModule } from '../render/options.js';
import { type Endpoints, entranceOf, namesOf } from './endpoints.js';
import { accessLogOf } from './request-line.js';

export interface SetupOptions {
  readonly endpoints: Endpoints;
  /** Of the first listener, the next ones count on; 0: any. */
  readonly port: number;
  readonly adminPort: number;
  /** Where the files of discovery will be. */
  readonly root: string;
  /** MAJOR.MINOR of the Envoy. */
  readonly envoy: string;
  readonly module: WasmModule;
}

export interface Setup {
  readonly bootstrap: object;
  /** DiscoveryResponses, by path from the root. */
  readonly extensions: ReadonlyMap<string, object>;
  /** Names of the listeners, in their order. */
  readonly listeners: readonly string[];
  readonly notes: readonly string[];
}

/** The only place where up listens: it is for the machine that it runs on. */
export const HOST = '127.0.0.1';

/** Of what no request gets to here, and the user need not name. */
const NOWHERE = '127.0.0.1:1';

interface Bootstrap {
  readonly static_resources: { readonly listeners: readonly Listener[] };
}

interface Listener {
  readonly name: string;
}

/** @throws RenderError where a policy cannot be rendered */
export function setupOf(policies: readonly Policy[], options: SetupOptions): Setup {
  const { endpoints, port, adminPort, root, envoy, module } = options;
  const unreached = Object.fromEntries(namesOf(policies).map((name) => [name, NOWHERE]));
  const { bootstrap, extensions, notes } = envoyConfiguration(policies, {
    target: { istio: '1.31', envoy },
    module,
    endpoints: { ...unreached, ...endpoints },
    port: 0,
    address: HOST,
    adminPort,
    root,
    accessLog: accessLogOf(policies),
  });
  const entries = policies.flatMap(filterEntries);
  const direction = entranceOf(policies);
  const wanted = entries.filter((entry) => entry.direction === direction).map(filterName);
  const { static_resources, ...rest } = bootstrap as Bootstrap;
  const listeners = static_resources.listeners
    .filter(({ name }) => wanted.includes(name))
    .map((listener, index) => ({
      ...listener,
      address: {
        socket_address: { address: HOST, port_value: port === 0 ? 0 : port + index },
      },
    }));
  return {
    bootstrap: { ...rest, static_resources: { ...static_resources, listeners } },
    extensions,
    listeners: listeners.map(({ name }) => name),
    notes,
  };
}
