// helm-parts: what the chart's templates take from the renderers as it is, files/parts.json: all that
// is the same in every filter, and the host calls that each feature needs.
// Promise: pure. The templates put in what depends on the policy, and a chart is of one module and
// one target.

import type { Policy } from '../../policy/policy.js';
import { capabilitiesOf } from '../capabilities.js';
import { codeSource, MODULE_FILE, MOUNT_PATH } from '../delivery.js';
import { envoyFilters } from '../istio/envoyfilter.js';
import { namesIn } from '../module.js';
import type { RenderOptions } from '../options.js';
import { rateLimitFilters } from '../rate-limit-filters.js';
import { LABELS } from '../stats-tags.js';

/** As files/parts.json has it; read by the templates alone. */
export function helmParts(options: RenderOptions): object {
  const { sha256 } = options.module;
  const remote = codeSource({ way: 'http', value: '', url: '', sha256 }, '') as {
    remote: { http_uri: { uri: string } };
  };
  const { uri: _, ...fetch } = remote.remote.http_uri;
  return {
    envoyFilter: filterFrame(options),
    capabilities: capabilityGroups(namesIn(options.module)),
    limits: limitFrames(),
    labels: LABELS,
    sha256,
    fetch,
    moduleFile: MODULE_FILE,
    mountedModule: `${MOUNT_PATH}/${MODULE_FILE}`,
  };
}

/** An EnvoyFilter without module, host calls and configuration. */
function filterFrame(options: RenderOptions): object {
  const policy: Policy = {
    metadata: { name: 'frame', namespace: 'frame' },
    spec: { filters: [{ at: 'gateway' }] },
  };
  const [resource] = envoyFilters([policy], options).resources;
  const frame = structuredClone(resource) as unknown as Frame;
  const { config } = frame.spec.configPatches[0]!.patch.value.typed_config;
  config.vm_config.code = {};
  // Which of both has the list depends on the target: it stays as the place for it.
  for (const holder of [config, config.vm_config]) {
    if (holder.capability_restriction_config) holder.capability_restriction_config = {};
  }
  return frame;
}

interface Frame {
  readonly spec: {
    readonly configPatches: readonly {
      readonly patch: { readonly value: { readonly typed_config: { readonly config: Plugin } } };
    }[];
  };
}

interface Plugin {
  readonly vm_config: { code?: object; capability_restriction_config?: object };
  capability_restriction_config?: object;
}

/** What each feature adds; the lists themselves are in capabilities.ts. */
function capabilityGroups(offers: ReadonlySet<string>): Record<string, string[]> {
  const of = (configuration: object) =>
    capabilitiesOf({ id: '', direction: 'gateway', configuration: { ...configuration } }, offers);
  const always = of({ mode: 'disabled' });
  const request = of({ tags: [{}] });
  const beyond = (more: readonly string[], base: readonly string[]) =>
    more.filter((name) => !base.includes(name));
  return {
    always,
    request: beyond(request, always),
    response: beyond(of({ tags: [{ echo: true }] }), request),
    limit: beyond(of({ limits: [{}] }), request),
    mint: beyond(of({ tags: [{ rules: [{ mint: {}, dryRun: true }] }] }), request),
    propagate: beyond(of({ propagate: {} }), request),
  };
}

/** The filters of a limit that is enforced, of one that is not, and of the end. */
function limitFrames(): Record<string, object | undefined> {
  const limits = [
    { name: 'enforcing', rate: '1/s', scope: 'global' },
    { name: 'watching', rate: '1/s', scope: 'global', dryRun: true },
  ];
  const entry = {
    id: '',
    direction: 'gateway',
    configuration: { mode: 'enforce', limits },
  } as const;
  const [enforcing, watching, removal] = rateLimitFilters(entry, { cluster: '', authority: '' });
  return { enforcing, watching, removal };
}
