// listener: a listener of the benchmark as far as it matters without Envoy: the one filter that it
// has, how requests come to that, and what its routes answer to those that it lets through.

import { readFileSync } from 'node:fs';
import type { Outcome, PluginOptions } from '../../../envoyfilter/src/host/index.js';
import { BY_TAG } from '../variants/answers.js';
import type { BenchListener, BenchRequest } from '../variants/variant.js';

export interface Listener {
  readonly name: string;
  readonly plugin: PluginOptions & {
    readonly code: Uint8Array;
    readonly allowedCapabilities: readonly string[];
  };
  readonly routes: readonly Route[];
}

/** Of Envoy's routes, what those have that answer by themselves. */
export interface Route {
  readonly match: { readonly headers: readonly HeaderMatcher[] };
  readonly direct_response?: {
    readonly status: number;
    readonly body: { readonly inline_string: string };
  };
}

type HeaderMatcher =
  | { readonly name: string; readonly string_match: { readonly exact: string } }
  | { readonly name: string; readonly present_match: true };

interface WasmConfig {
  readonly name: string;
  readonly root_id: string;
  readonly configuration: { readonly value: string };
  readonly vm_config: {
    readonly vm_id: string;
    readonly code: {
      readonly local: { readonly filename?: string; readonly inline_bytes?: string };
    };
    readonly configuration?: { readonly value: string };
    readonly capability_restriction_config?: { readonly allowed_capabilities: object };
  };
}

/** @throws Error where it has not exactly one filter, a wasm */
export function listenerOf({ name, filters, routes = BY_TAG }: BenchListener): Listener {
  const [filter, ...more] = filters as { typed_config: { config?: WasmConfig } }[];
  const config = filter?.typed_config.config;
  if (config === undefined || more.length > 0) throw new Error('wanted one filter, a wasm');
  const { vm_id, code, configuration, capability_restriction_config } = config.vm_config;
  const { filename, inline_bytes = '' } = code.local;
  const plugin = {
    name: config.name,
    rootId: config.root_id,
    vmId: vm_id,
    vmConfiguration: configuration?.value ?? '',
    configuration: config.configuration.value,
    code: filename === undefined ? Buffer.from(inline_bytes, 'base64') : readFileSync(filename),
    allowedCapabilities: Object.keys(capability_restriction_config?.allowed_capabilities ?? {}),
  };
  return { name, plugin, routes: routes as readonly Route[] };
}

/** A request as it comes to the filters behind Envoy's connection manager. */
export function headersOf({ path, headers }: BenchRequest): (readonly [string, string])[] {
  const host = headers.find(([name]) => name === 'host')?.[1] ?? '';
  return [
    [':authority', host],
    [':path', path],
    [':method', 'GET'],
    [':scheme', 'http'],
    ...headers.filter(([name]) => name !== 'host'),
    ['x-forwarded-proto', 'http'],
  ];
}

/** `200 BODY`: what the client gets once a filter is done with its request. */
export function answerOf({ headers, reply, failed }: Outcome, routes: readonly Route[]): string {
  if (failed !== undefined) return 'a failed VM';
  if (reply !== undefined) return `${reply.status} ${reply.body}`;
  const route = routes.find(({ match }) =>
    match.headers.every((matcher) => {
      const value = headers.get(matcher.name);
      return 'string_match' in matcher ? value === matcher.string_match.exact : value !== undefined;
    }),
  );
  if (route?.direct_response === undefined) return 'no answer';
  return `${route.direct_response.status} ${route.direct_response.body.inline_string}`;
}
