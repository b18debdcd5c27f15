// delivery: how the module gets into the proxy: `spec.delivery.code` as Envoy and Istio have it.
// Promise: what is fetched is verified by the sha256 of the module that was rendered with.

import type { Policy } from '../policy/policy.js';
import { RenderError, type WasmModule } from './options.js';
import type { CodeSource } from './wasm-filter.js';

/** Where pods see the ConfigMap, and the key in it. */
export const MOUNT_PATH = '/etc/tagalong';
export const MODULE_FILE = 'tagalong.wasm';

/** How long a proxy's agent tries to fetch the module. Istio's own for its plugins. */
const FETCH_TIMEOUT = '30s';

type Way = 'inline' | 'file' | 'configMap' | 'http' | 'oci';

export interface Delivery {
  readonly way: Way;
  /** What stands beside the way: path, name, URL or image. */
  readonly value: string;
  /** As WasmPlugin and TrafficExtension name it; undefined: they cannot. */
  readonly url: string | undefined;
  /** Of what is fetched, where something is; of an image only where its name says so. */
  readonly sha256: string | undefined;
}

/** @throws RenderError */
export function deliveryOf({ spec, metadata }: Policy, module: WasmModule): Delivery {
  const code = spec.delivery?.code ?? 'inline';
  if (code === 'inline') return { way: 'inline', value: '', url: undefined, sha256: undefined };
  const [[way, value] = ['', '']] = Object.entries(code as Record<string, unknown>);
  const fault = (wanted: string) =>
    new RenderError(
      `policy ${metadata.namespace}/${metadata.name}: spec.delivery.code: ` +
        `found ${JSON.stringify(code)}, wanted ${wanted}`,
    );
  if (typeof value !== 'string' || value === '')
    throw fault('inline, or one of file, configMap, http, oci');
  switch (way) {
    case 'file':
      if (!value.startsWith('/'))
        throw fault('a path from the root of the proxy, such as /etc/tagalong.wasm');
      return { way, value, url: `file://${value}`, sha256: undefined };
    case 'configMap':
      return { way, value, url: `file://${MOUNT_PATH}/${MODULE_FILE}`, sha256: undefined };
    case 'http':
      if (!/^https?:\/\/[^/]/.test(value)) throw fault('a URL with http:// or https://');
      return { way, value, url: value, sha256: module.sha256 };
    case 'oci': {
      const image = value.replace(/^oci:\/\//, '');
      if (image.includes('://'))
        throw fault('an image such as registry.example.com/tagalong:0.1.0');
      const [, digest] = /@sha256:([0-9a-f]{64})$/.exec(image) ?? [];
      return { way, value: image, url: `oci://${image}`, sha256: digest };
    }
    default:
      throw fault('inline, or one of file, configMap, http, oci');
  }
}

/** A URL without what may be secret: password and query are not for a log. */
export function shownUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/?#]*@/, '$1').replace(/[?#].*$/s, '?…');
}

/** `vm_config.code` of Envoy. `inline`: the module in base64, made once for all filters. */
export function codeSource({ way, value, url, sha256 }: Delivery, inline: string): CodeSource {
  switch (way) {
    case 'inline':
      return { local: { inline_bytes: inline } };
    case 'file':
      return { local: { filename: value } };
    case 'configMap':
      return { local: { filename: `${MOUNT_PATH}/${MODULE_FILE}` } };
    default:
      return {
        remote: {
          // The agent beside Envoy fetches, and hands Envoy a file: Envoy never looks for a cluster.
          http_uri: { uri: url, cluster: '_', timeout: FETCH_TIMEOUT },
          ...(sha256 && { sha256 }),
        },
      };
  }
}

/**
 * What happens when the VM fails, for Envoy and for Istio's kinds.
 * A module that is fetched is never to be reloaded: an agent that cannot fetch it takes every policy
 * but FAIL_OPEN for an order to deny all requests, with 403 (pkg/wasm/convert.go of Istio 1.31).
 */
export function onFailure(policy: Policy, { way }: Delivery): 'open' | 'closed' | 'reload' {
  const wanted = policy.spec.delivery?.onFailure ?? 'reload';
  const fetched = way === 'http' || way === 'oci';
  return fetched && wanted === 'reload' ? 'open' : wanted;
}

const FAILURE_POLICIES = {
  open: 'FAIL_OPEN',
  closed: 'FAIL_CLOSED',
  reload: 'FAIL_RELOAD',
} as const;

/** `failure_policy` of Envoy. */
export function failurePolicy(policy: Policy, delivery: Delivery) {
  return FAILURE_POLICIES[onFailure(policy, delivery)];
}
