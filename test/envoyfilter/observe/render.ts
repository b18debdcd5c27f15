// render: what is rendered for Prometheus and Grafana, as texts by file.

import type { Policy } from '../../../envoyfilter/src/policy/policy.js';
import type { Renderer, RenderOptions } from '../../../envoyfilter/src/render/options.js';
import { LATEST } from '../../../envoyfilter/src/render/target.js';

/** The module has no part in it. */
const OPTIONS: RenderOptions = {
  target: LATEST,
  module: { bytes: new Uint8Array(), sha256: '0'.repeat(64) },
};

export async function textsOf(
  renderer: Renderer,
  policies: readonly Policy[],
  options: Partial<RenderOptions> = {},
): Promise<Record<string, string>> {
  const { files } = await renderer(policies, { ...OPTIONS, ...options });
  return Object.fromEntries(files.map(({ path, content }) => [path, String(content)]));
}
