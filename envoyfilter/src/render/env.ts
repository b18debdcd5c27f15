// env: what the SDK must be told of a policy, as the variables that it reads: a ConfigMap for each
// namespace of applications.
// Promise: pure. A variable is there only where it differs from what the SDK does by itself.

import type { Policy } from '../policy/policy.js';
import { sidecarNamespaces } from './namespaces.js';
import { type Rendered, type Resource, toYaml } from './resource.js';
import { objectMetadata, policyObjectName } from './route-names.js';

const ABOUT = `Variables of the SDK (@tagalong/node). In a container of the policy's applications:
  envFrom: [{configMapRef: {name: NAME}}]
They are read when the process starts.`;

/** What the SDK forwards without being told; only a tag could be among it. */
const FORWARDED = new Set(['x-traffic-tag', 'x-request-id', 'baggage']);
/** Names that the SDK takes for the mesh's own. */
const OF_THE_MESH = /^[^.]*$|\.(svc|cluster\.local|internal|localhost)$/;

export function renderEnv(policies: readonly Policy[]): Rendered {
  const resources = policies.flatMap(envResources);
  const notes = policies
    .filter((policy) => Object.keys(sdkVariables(policy)).length === 0)
    .map(
      ({ metadata }) =>
        `${metadata.namespace}/${metadata.name}: the SDK needs no variable: its defaults are right`,
    );
  const files = resources.length === 0 ? [] : [file(resources)];
  return { files, notes };
}

function file(resources: readonly Resource[]) {
  return { path: 'env.yaml', content: toYaml(resources, ABOUT) };
}

/** None where every default is right. */
export function envResources(policy: Policy): Resource[] {
  const data = sdkVariables(policy);
  if (Object.keys(data).length === 0) return [];
  return sidecarNamespaces(policy).map((namespace) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: objectMetadata(policy, policyObjectName(policy, 'env'), namespace),
    data,
  }));
}

/** By name, as they stand in an environment. */
export function sdkVariables({ spec }: Policy): Record<string, string> {
  const { sdk = {}, routes = [] } = spec;
  const hosts = routes.map(({ host }) => host).filter((host) => !OF_THE_MESH.test(host));
  const direct = Object.entries(sdk.direct ?? {})
    .map(([authority, to]) => `${authority}=${'tls' in to ? 'tls' : 'plaintext'}://${to.address}`)
    .sort();
  const variables = {
    TAGALONG_HEADERS: list([...tagHeaders(spec.filters), ...(sdk.headers ?? [])]),
    TAGALONG_MESH: list([...hosts, ...(sdk.mesh ?? [])]),
    TAGALONG_MODE: unless('verbatim', sdk.mode),
    TAGALONG_SIDECAR: unless('auto', sdk.sidecar),
    TAGALONG_PROBE: sdk.probe ?? '',
    TAGALONG_HOLD_MS: sdk.holdMs === undefined ? '' : String(sdk.holdMs),
    TAGALONG_DIRECT: list(direct),
  };
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
}

/** The tags that the SDK does not forward by itself. */
function tagHeaders(filters: Policy['spec']['filters']): string[] {
  const tags = filters.flatMap(({ tags }) => (Array.isArray(tags) ? tags : []));
  const headers = tags.map(({ header }: { header: unknown }) => String(header).toLowerCase());
  return headers.filter((header) => !FORWARDED.has(header));
}

function list(items: readonly string[]): string {
  return [...new Set(items)].join(',');
}

function unless(usual: string, value: string | undefined): string {
  return value === undefined || value === usual ? '' : value;
}
