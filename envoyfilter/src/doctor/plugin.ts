// plugin: a wasm filter's configuration, as far as it tells whose it is, which module it runs, and
// with which configuration. Pure.

import { createHash } from 'node:crypto';
import { ROOT_ID, VM_ID } from '../render/wasm-filter.js';
import { type Json, list, parsed, record, text } from './json.js';

export type Code =
  | { readonly kind: 'inline'; readonly sha256: string }
  | { readonly kind: 'file'; readonly path: string; readonly sha256: string | undefined }
  | { readonly kind: 'remote'; readonly url: string; readonly sha256: string | undefined }
  | { readonly kind: 'none' };

export interface Plugin {
  /** Tagalong's, by root id, VM or name. */
  readonly isOurs: boolean;
  readonly name: string;
  readonly vmId: string;
  readonly code: Code;
  /** What the filter was given to read. */
  readonly configuration: string;
  /** Of the configuration, else the plugin's name. */
  readonly id: string;
  readonly direction: string;
  /** The capabilities that it is restricted to; undefined: no restriction. */
  readonly capabilities: readonly string[] | undefined;
}

export function readPlugin(wasm: Json): Plugin {
  const config = record(record(wasm).config);
  const vm = record(config.vm_config);
  const name = text(config.name);
  const configuration = textOf(config.configuration);
  const read = record(parsed(configuration));
  const restriction = vm.capability_restriction_config ?? config.capability_restriction_config;
  const allowed = record(restriction).allowed_capabilities;
  return {
    isOurs: config.root_id === ROOT_ID || vm.vm_id === VM_ID || /(^|\.)tagalong-/.test(name),
    name,
    vmId: text(vm.vm_id),
    code: readCode(record(vm.code)),
    configuration,
    id: text(read.id) || name,
    direction: text(read.direction),
    capabilities: allowed === undefined ? undefined : Object.keys(record(allowed)),
  };
}

/** An Any of a StringValue, a BytesValue or a Struct. */
function textOf(any: Json): string {
  const { '@type': type, value } = record(any);
  if (text(type).endsWith('.BytesValue')) {
    return Buffer.from(text(value), 'base64').toString('utf8');
  }
  return typeof value === 'string' || value === undefined ? text(value) : JSON.stringify(value);
}

function readCode({ local, remote }: Record<string, Json>): Code {
  if (remote !== undefined) {
    const { http_uri, sha256 } = record(remote);
    return { kind: 'remote', url: text(record(http_uri).uri), sha256: text(sha256) || undefined };
  }
  const { filename, inline_bytes } = record(local);
  if (typeof filename === 'string') {
    // Istio's agent keeps what it has fetched under its checksum.
    const sha256 = /(?:^|\/)([0-9a-f]{64})\.wasm$/.exec(filename)?.[1];
    return { kind: 'file', path: filename, sha256 };
  }
  if (typeof inline_bytes === 'string') {
    const bytes = Buffer.from(inline_bytes, 'base64');
    return { kind: 'inline', sha256: createHash('sha256').update(bytes).digest('hex') };
  }
  return { kind: 'none' };
}

/** Does a configuration count something for every request that it sees, and is it in force? */
export function countsEachRequest(configuration: string): boolean {
  const { mode, tags, limits, propagate, direction } = record(parsed(configuration));
  if (mode === 'disabled') return false;
  return (
    list(tags).some((tag) => record(tag).default !== undefined) ||
    list(limits).some((limit) => record(limit).when === undefined) ||
    // Envoy gives every request an x-request-id, so that there is something to remember or to find.
    (propagate !== undefined && direction !== 'gateway')
  );
}
