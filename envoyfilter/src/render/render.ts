// render: `--as NAME`: which renderer, for which versions. Renderers are loaded when they are named.

import type { Policy } from '../policy/policy.js';
import { RenderError, type Renderer, type RenderOptions } from './options.js';
import type { Rendered } from './resource.js';
import { ENVOYS, envoyOf, ISTIOS, LATEST, type Target, versionIn } from './target.js';

const RENDERERS = {
  envoyfilter: async () => (await import('./istio/envoyfilter.js')).renderEnvoyFilter,
  wasmplugin: async () => (await import('./istio/wasmplugin.js')).renderWasmPlugin,
  trafficextension: async () =>
    (await import('./istio/trafficextension.js')).renderTrafficExtension,
  envoy: async () => (await import('./envoy/envoy.js')).renderEnvoy,
  helm: async () => (await import('./helm/helm.js')).renderHelm,
  ratelimit: async () => (await import('./ratelimit.js')).renderRateLimit,
  prometheus: async () => (await import('./observe/prometheus.js')).renderPrometheus,
  grafana: async () => (await import('./observe/grafana.js')).renderGrafana,
  env: async () => (await import('./env.js')).renderEnv,
} satisfies Record<string, () => Promise<Renderer>>;

export type As = keyof typeof RENDERERS;
export const KINDS = Object.keys(RENDERERS) as readonly As[];

/** Those of which a part can be rendered: all that Istio is given. */
export const IN_PARTS: readonly As[] = ['envoyfilter', 'wasmplugin', 'trafficextension'];

/** @throws RenderError, or PolicyError where the policy contradicts itself */
export async function render(
  as: As,
  policies: readonly Policy[],
  options: RenderOptions,
): Promise<Rendered> {
  checkPart(as, options.only);
  const renderer = await RENDERERS[as]();
  return renderer(policies, options);
}

/** @throws RenderError where there are no parts to choose from */
export function checkPart(as: As, only: string | undefined): void {
  if (only === undefined || IN_PARTS.includes(as)) return;
  throw new RenderError(
    `found --only ${only} with --as ${as}, wanted it with one of ${IN_PARTS.join(', ')}`,
  );
}

/**
 * The versions that are meant by what the user gave of them: without an Envoy the one that comes
 * with Istio, or the newest where there is no Istio.
 * @throws RenderError where one is not among those that are tested with
 */
export function targetOf(as: As, istio?: string, envoy?: string): Target {
  const known = (option: string, text: string, all: readonly string[]): string => {
    const version = versionIn(text, all);
    if (version !== undefined) return version;
    throw new RenderError(`found ${option} ${text}, wanted one of ${all.join(', ')}`);
  };
  const withIstio = istio === undefined ? LATEST.istio : known('--istio', istio, ISTIOS);
  if (envoy !== undefined) return { istio: withIstio, envoy: known('--envoy', envoy, ENVOYS) };
  return { istio: withIstio, envoy: as === 'envoy' ? LATEST.envoy : envoyOf(withIstio) };
}
