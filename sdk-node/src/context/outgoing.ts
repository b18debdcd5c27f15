// outgoing: what a call is given of the request that it is made for.
// Promise: nothing that the caller has set is changed or doubled; trace headers are one set.

import { injectChannel, skipChannel } from '../core/channels.js';
import { warnOnce } from '../core/warn.js';
import { type Carrier, entriesOf, withHeaders } from '../headers/carrier.js';
import { hostOf } from '../headers/mesh.js';
import { TRACE_SET } from '../headers/names.js';
import { settings } from '../options/settings.js';
import { type Context, current, type Headed, headed } from './context.js';

/** How the headers of one kind of client are read and set; the names given are in lower case. */
export interface Fields<T> {
  has(target: T, name: string): boolean;
  set(target: T, name: string, value: string): void;
}

/**
 * Fills in what a context carries, if the authority that the call is for is in the mesh. A header
 * that cannot be set is left out.
 */
export function fill<T>(context: Headed, authority: string, target: T, fields: Fields<T>): void {
  if (!mayReach(authority)) return;
  // Lists for who listens: nobody does, as a rule.
  const told = injectChannel.hasSubscribers;
  const added: string[] | undefined = told ? [] : undefined;
  const kept: string[] | undefined = told ? [] : undefined;
  const { trace, singles } = context;
  if (trace !== undefined) {
    if (hasTrace(target, fields)) {
      if (skipChannel.hasSubscribers)
        skipChannel.publish({ authority, reason: 'trace-set-by-caller' });
    } else {
      const list = trace.forCall();
      for (let i = 0; i < list.length; i += 2) {
        fields.set(target, list[i]!, list[i + 1]!);
        added?.push(list[i]!);
      }
    }
  }
  for (let i = 0; i < singles.length; i += 2) {
    const name = singles[i]!;
    const free = !fields.has(target, name);
    if (free) fields.set(target, name, singles[i + 1]!);
    (free ? added : kept)?.push(name);
  }
  if (added !== undefined && kept !== undefined) {
    injectChannel.publish({ authority, added, kept });
  }
}

function hasTrace<T>(target: T, fields: Fields<T>): boolean {
  for (const name of TRACE_SET) if (fields.has(target, name)) return true;
  return false;
}

/** Is an authority in the mesh? The first refusal of a host is told. */
export function mayReach(authority: string): boolean {
  const { enabled, mesh } = settings();
  if (!enabled) return false;
  if (mesh.includes(authority)) return true;
  if (skipChannel.hasSubscribers) skipChannel.publish({ authority, reason: 'outside-mesh' });
  const host = hostOf(authority);
  warnOnce(
    `outside:${host}`,
    `No headers are sent to ${host}: it does not look like a host of the mesh. If it is, add it to TAGALONG_MESH.`,
  );
  return false;
}

/** Tells that a CONNECT got nothing: what it opens is for somebody else to read. */
export function skipConnect(authority: string): void {
  if (skipChannel.hasSubscribers) skipChannel.publish({ authority, reason: 'connect' });
}

/** The names on a call so far, and what is to be added: for clients whose headers are copied. */
export interface Listing {
  readonly present: Set<string>;
  /** The value of `host` or `:authority`, if there is one. */
  readonly host: string | undefined;
  /** Flat list. */
  readonly added: string[];
}

export const LIST: Fields<Listing> = {
  has: ({ present }, name) => present.has(name),
  set: ({ added }, name, value) => {
    added.push(name, value);
  },
};

/** A listing of a flat list of names and values, as strings or Buffers. */
export function listing(flat: readonly unknown[]): Listing {
  const present = new Set<string>();
  let host: string | undefined;
  for (let i = 0; i < flat.length; i += 2) {
    const name = textOf(flat[i]).toLowerCase();
    present.add(name);
    if (name === ':authority' || (name === 'host' && host === undefined))
      host = textOf(flat[i + 1]);
  }
  return { present, host, added: [] };
}

/** A listing of an object of headers, whatever the case of its names. */
export function listingOf(headers: Readonly<Record<string, unknown>>): Listing {
  const present = new Set<string>();
  let host: string | undefined;
  for (const key in headers) {
    const value = headers[key];
    // Clients leave such a header out.
    if (value === undefined || value === null) continue;
    const name = key.toLowerCase();
    present.add(name);
    if (name === ':authority' || (name === 'host' && host === undefined)) host = textOf(value);
  }
  return { present, host, added: [] };
}

// Names and values are byte strings: latin1.
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return textOf(value[0]);
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
}

/**
 * A new carrier of the same shape, with what the context carries; the given one is not touched.
 * `to`: a URL or an authority; outside the mesh, or without a context: unchanged.
 */
export function inject<C extends Carrier>(
  outgoing: C,
  to: string | URL,
  context: Context | undefined = current(),
): C {
  if (context === undefined) return outgoing;
  const present = new Set<string>();
  for (const [name] of entriesOf(outgoing)) present.add(name);
  const added: string[] = [];
  fill(headed(context), authorityOf(to), { present, host: undefined, added }, LIST);
  return added.length === 0 ? outgoing : withHeaders(outgoing, added);
}

/** The authority of a URL; a text that is none is one already. */
export function authorityOf(to: string | URL): string {
  if (typeof to !== 'string') return to.host;
  return to.includes('://') ? new URL(to).host : to.replace(/\/.*$/, '');
}
