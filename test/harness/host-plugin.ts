// host-plugin: a filter entry in the V8 host, as rendered for Envoy.

import type { Sample } from '../../envoyfilter/src/envoy/index.js';
import type { Host, Plugin } from '../../envoyfilter/src/host/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { capabilitiesHash, capabilitiesOf } from '../../envoyfilter/src/render/capabilities.js';
import { ROOT_ID, VM_ID } from '../../envoyfilter/src/render/wasm-filter.js';
import { wasmBytes } from './wasm.js';

export interface LoadOptions {
  /** Text instead of the entry's configuration. */
  readonly configuration?: string | Uint8Array;
  /** Whether a refusal is answered false; default false. */
  readonly strict?: boolean;
}

/** Loads the release module with an entry's configuration and capabilities. */
export function loadEntry(host: Host, entry: FilterEntry, options: LoadOptions = {}): Plugin {
  const capabilities = capabilitiesOf(entry);
  const { id, direction } = entry;
  const { strict = false } = options;
  return host.load({
    name: id,
    rootId: ROOT_ID,
    vmId: VM_ID,
    vmConfiguration: JSON.stringify({
      id,
      direction,
      caps: capabilitiesHash(capabilities),
      strict,
    }),
    configuration: options.configuration ?? JSON.stringify(entry.configuration),
    code: wasmBytes(),
    allowedCapabilities: capabilities,
    direction: direction === 'outbound' ? 'outbound' : 'inbound',
  });
}

/** The host's metrics as Prometheus would show them. */
export function samplesOf(host: Host): Sample[] {
  return host.metrics
    .series()
    .map(({ name, labels, value }) => ({ name, labels, value: Number(value) }));
}
