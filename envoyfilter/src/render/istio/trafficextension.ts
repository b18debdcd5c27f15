// trafficextension: `--as trafficextension`, Istio's successor of WasmPlugin.

import { RenderError, type Renderer } from '../options.js';
import { atLeast } from '../target.js';
import { istioBundle } from './istio.js';
import { LACKS, pluginEntries, pluginSpec } from './plugin.js';

const SINCE = '1.30';

/**
 * @throws RenderError where the module is inline, which a TrafficExtension cannot hold, or Istio is
 *   older than the kind
 */
export const renderTrafficExtension: Renderer = (policies, options) => {
  const { istio } = options.target;
  if (!atLeast(istio, SINCE)) {
    throw new RenderError(
      `found --istio ${istio}, wanted ${SINCE} or newer: TrafficExtension came with it; ` +
        'use --as wasmplugin or --as envoyfilter',
    );
  }
  return istioBundle(
    policies,
    options,
    (all) => pluginEntries('TrafficExtension', all, options, pluginSpec),
    LACKS,
  );
};
