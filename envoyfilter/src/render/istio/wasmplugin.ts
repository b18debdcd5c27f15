// wasmplugin: `--as wasmplugin`.

import type { Renderer } from '../options.js';
import { istioBundle } from './istio.js';
import { LACKS, pluginEntries, pluginSpec } from './plugin.js';

/** @throws RenderError where the module is inline, which a WasmPlugin cannot hold */
export const renderWasmPlugin: Renderer = (policies, options) =>
  istioBundle(
    policies,
    options,
    (all) =>
      pluginEntries('WasmPlugin', all, options, (entry, delivery, policy) => {
        const { wasm, ...place } = pluginSpec(entry, delivery, policy);
        return { ...place, ...wasm };
      }),
    LACKS,
  );
