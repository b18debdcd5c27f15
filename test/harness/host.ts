// host: the release module in the V8 host, loaded as the renderers load it into Envoy.

import type { Sample } from '../../envoyfilter/src/envoy/index.js';
import type { Host, Plugin } from '../../envoyfilter/src/host/index.js';
import type { Direction, FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { pluginConfig } from '../../envoyfilter/src/render/wasm-filter.js';
import { WASM_PATH, wasmBytes } from './wasm.js';

export interface LoadOptions {
  /** Whether a refused configuration is refused by the host too; default false. */
  readonly strict?: boolean;
  /** Instead of the entry's configuration. */
  readonly configuration?: string | Uint8Array;
  /** Names that the list of capabilities shall not have. */
  readonly without?: readonly string[];
}

const code = wasmBytes();

/** An entry whose id tells it from others. */
export function entryFor(
  sections: Readonly<Record<string, unknown>>,
  id = 'test/policy/0',
  direction: Direction = 'gateway',
): FilterEntry {
  return { id, direction, configuration: { id, direction, ...sections } };
}

/** What the filter is given to read, as text. */
export function textOf(entry: FilterEntry): string {
  return JSON.stringify(entry.configuration);
}

/** Loads an entry as its rendered filter would: its own VM, its list of capabilities. */
export function loadFilter(host: Host, entry: FilterEntry, options: LoadOptions = {}): Plugin {
  const { strict = false, configuration = textOf(entry), without = [] } = options;
  const rendered = pluginConfig(entry, strict, { wasmPath: WASM_PATH });
  const vm = rendered.vm_config as {
    vm_id: string;
    configuration: { value: string };
    capability_restriction_config: { allowed_capabilities: Record<string, unknown> };
  };
  return host.load({
    name: rendered.name,
    rootId: rendered.root_id,
    vmId: vm.vm_id,
    vmConfiguration: vm.configuration.value,
    allowedCapabilities: Object.keys(vm.capability_restriction_config.allowed_capabilities).filter(
      (name) => !without.includes(name),
    ),
    configuration,
    code,
    failurePolicy: 'reload',
  });
}

/** The module without restriction, and without VM configuration unless given: as a WasmPlugin. */
export function loadShared(
  host: Host,
  name: string,
  configuration: string,
  vmConfiguration: string | Uint8Array = '',
): Plugin {
  const identity = { name, rootId: 'tagalong', vmId: 'tagalong' };
  return host.load({ ...identity, vmConfiguration, configuration, code });
}

export interface Start {
  readonly method?: string;
  /** Default `/`; null: none. */
  readonly path?: string | null;
  readonly authority?: string;
}

/** Headers as a client sends them, behind the pseudo-headers of a plain request. */
export function requestOf(
  headers: readonly (readonly [string, string])[] = [],
  { method = 'GET', path = '/', authority = 'test.example' }: Start = {},
): (readonly [string, string])[] {
  return [
    [':authority', authority],
    ...(path === null ? [] : ([[':path', path]] as const)),
    [':method', method],
    [':scheme', 'http'],
    ...headers,
  ];
}

/** The values of a header of one request after the filter. */
export function tagAfter(
  plugin: Plugin,
  header: string,
  headers: readonly (readonly [string, string])[] = [],
): string[] {
  const stream = plugin.open({ sourceAddress: '192.0.2.1:1234' });
  const outcome = stream.requestHeaders(requestOf(headers));
  stream.done();
  if (outcome.failed !== undefined) throw new Error(`the VM has failed: ${outcome.failed}`);
  return outcome.headers.getAll(header);
}

/** tagalong_config of an entry by state. */
export function statesOf(host: Host, id: string): Record<string, number> {
  return Object.fromEntries(
    host.metrics
      .series()
      .filter(({ name, labels }) => name === 'tagalong_config' && labels.policy === id)
      .map(({ labels, value }) => [labels.state, Number(value)]),
  );
}

/** A counter or gauge of an entry, summed over the labels that are not given. */
export function metricOf(
  host: Host,
  id: string,
  metric: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return host.metrics
    .series()
    .filter(({ name, labels: has }) => {
      if (name !== metric || has.policy !== id) return false;
      return Object.entries(labels).every(([label, value]) => has[label] === value);
    })
    .reduce((sum, { value }) => sum + Number(value), 0);
}

/** Error lines, of all VMs. */
export function errorsOf(host: Host): string[] {
  return host.logs.filter(({ level }) => level === 'error').map(({ message }) => message);
}

/** All metrics as Prometheus would show them. */
export function samplesOf(host: Host): Sample[] {
  return host.metrics
    .series()
    .map(({ name, labels, value }) => ({ name, labels, value: Number(value) }));
}
