// capabilities: which host calls and callbacks a filter entry may use.
// A callback that need not run costs (facts: 1 to 1.3 µs each) and one left out of the list is
// never called, so that one module serves every mix of features at the price of that mix.
// The list also holds what configuring, recovering and logging a refusal need.

import { createHash } from 'node:crypto';
import type { FilterEntry } from '../policy/policy.js';

/** Whatever the policy says: VM start, configuration, its refusal and recovery, counters. */
const ALWAYS = [
  'proxy_on_vm_start',
  'proxy_on_configure',
  'proxy_define_metric',
  'proxy_get_buffer_bytes',
  'proxy_get_log_level',
  'proxy_get_property',
  'proxy_get_shared_data',
  'proxy_increment_metric',
  'proxy_log',
  'proxy_record_metric',
  'proxy_set_shared_data',
] as const;

/** Wherever requests are looked at. */
const REQUEST = [
  // Tells which configuration a stream belongs to: Envoy goes back to one that still has streams
  // without configuring it again.
  'proxy_on_context_create',
  'proxy_on_request_headers',
  'proxy_add_header_map_value',
  'proxy_get_header_map_pairs',
  'proxy_get_header_map_value',
  'proxy_remove_header_map_value',
  'proxy_replace_header_map_value',
] as const;

/** Where a tag is echoed, a cookie is minted, or an answer says what is left of a limit. */
const RESPONSE = ['proxy_on_response_headers'] as const;
const MINT = ['random_get'] as const;
/** The store's clock; ids of requests and of those who write into the store. */
const PROPAGATE = ['clock_time_get', 'random_get'] as const;

/** Its clock, the secret that keys are hashed with, and its own answer. */
const LIMIT = ['clock_time_get', 'random_get', 'proxy_send_local_response'] as const;

/**
 * Sorted. `offers`: what the module imports and exports; what is not among it is left out.
 */
export function capabilitiesOf(entry: FilterEntry, offers?: ReadonlySet<string>): string[] {
  const wanted = wantedBy(entry);
  return [...wanted].filter((name) => offers?.has(name) ?? true).sort();
}

function wantedBy(entry: FilterEntry): ReadonlySet<string> {
  const { mode, tags, limits, propagate } = entry.configuration;
  const list = new Set<string>(ALWAYS);
  const add = (names: readonly string[]) => {
    for (const name of names) list.add(name);
  };
  if (mode === 'disabled') return list;
  const sections: readonly TagSection[] = Array.isArray(tags) ? tags : [];
  const limiting: readonly LimitSection[] = Array.isArray(limits) ? limits : [];
  const minting = sections
    .flatMap((tag) => (Array.isArray(tag?.rules) ? tag.rules : []))
    .filter((rule) => rule?.mint !== undefined);
  const sends = minting.some((rule) => rule.dryRun !== true);
  const echoes = sections.some((tag) => tag?.echo === true);
  const tells = limiting.some((limit) => limit?.reply?.onSuccess === true);
  if (sections.length > 0 || limiting.length > 0 || propagate !== undefined) add(REQUEST);
  if (mode !== 'dryRun' && (sends || echoes || tells)) add(RESPONSE);
  if (limiting.length > 0) add(LIMIT);
  if (minting.length > 0) add(MINT);
  if (propagate !== undefined) add(PROPAGATE);
  return list;
}

/** What this file looks at in a tag; the filter judges the rest. */
interface TagSection {
  readonly echo?: unknown;
  readonly rules?: readonly { readonly mint?: unknown; readonly dryRun?: unknown }[];
}

/** What this file looks at in a limit. */
interface LimitSection {
  readonly reply?: { readonly onSuccess?: unknown };
}

/**
 * Names the list in the VM configuration: Envoy before 1.40 does not take another list for another
 * VM, and the first one that was set would stay.
 */
export function capabilitiesHash(capabilities: readonly string[]): string {
  return createHash('sha256').update(capabilities.join('\n')).digest('hex').slice(0, 16);
}
