// second-opinion: a configuration that a proxy refuses, tried on the filter itself in the V8 host:
// Envoy keeps the reason to its log, which doctor cannot read.

import { Host, type PluginOptions } from '../host/index.js';
import type { Direction } from '../policy/policy.js';
import { capabilitiesOf } from '../render/capabilities.js';
import { ROOT_ID, VM_ID } from '../render/wasm-filter.js';
import { parsed, record } from './json.js';
import type { Plugin } from './plugin.js';

/** `configuration refused at $.tags[0]: found …, wanted …` of a longer line. */
const REFUSED = /configuration refused at [\s\S]*?(?=; Envoy keeps |$)/;

/** @param code the module @returns undefined where it accepts what the plugin is configured with */
export function refusalBy(code: PluginOptions['code']): (plugin: Plugin) => string | undefined {
  return ({ id, direction, configuration }) => {
    const host = new Host({ workers: 0, logLevel: 'error' });
    const allowedCapabilities = capabilitiesOf({
      id,
      direction: direction as Direction,
      configuration: record(parsed(configuration)),
    });
    const plugin = host.load({
      name: id,
      rootId: ROOT_ID,
      vmId: VM_ID,
      vmConfiguration: JSON.stringify({ id, strict: true }),
      allowedCapabilities,
      configuration,
      code,
    });
    if (plugin.accepted) return undefined;
    const lines = host.logs.map(({ message }) => message);
    return lines.map((line) => REFUSED.exec(line)?.[0]).find((found) => found !== undefined);
  };
}
