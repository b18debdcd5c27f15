// selection: which headers of a request follow it, and under which name. Pure, made once.

import { isNeverForwarded, looksSecret, SINGLE, TRACE_SET } from './names.js';

/** A header to carry, besides the defaults. */
export interface HeaderOption {
  /** Its name; `x-foo-*`: every name that begins so. */
  name: string;
  /** Its name on outgoing calls; default: the same. Not with a prefix or a trace header. */
  as?: string;
  /** Makes a value where a request comes without one. Not with a prefix or a trace header. */
  make?: () => string;
}

/** What becomes of a header that is carried. */
export interface Carried {
  /** The name on outgoing calls. */
  readonly as: string;
  /** Does it belong to the trace set? */
  readonly trace: boolean;
}

export interface Selection {
  /** Incoming name → what becomes of it. The defaults first. */
  readonly names: ReadonlyMap<string, Carried>;
  /** Names on outgoing calls that are not those of incoming ones: a prefix does not catch these. */
  readonly renamed: ReadonlySet<string>;
  /** Lower-case beginnings of names that are carried as they are. */
  readonly prefixes: readonly string[];
  /** What to make where it is missing. */
  readonly made: readonly { readonly name: string; readonly make: () => string }[];
}

const TRACE = new Set(TRACE_SET);

// RFC 9110 token.
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The defaults and `options`.
 * @throws RangeError a name is none, or is one that is never forwarded
 */
export function select(options: readonly (string | HeaderOption)[] = []): Selection {
  const names = new Map<string, Carried>();
  for (const name of TRACE_SET) names.set(name, { as: name, trace: true });
  for (const name of SINGLE) names.set(name, { as: name, trace: false });
  const prefixes: string[] = [];
  const made: { name: string; make: () => string }[] = [];
  const renamed = new Set<string>();
  for (const option of options) {
    const { name, as, make } =
      typeof option === 'object' && option !== null ? option : { name: option };
    const from = check(name);
    if (from.endsWith('*')) {
      if (as !== undefined || make !== undefined) {
        throw new RangeError(`"${name}": a prefix can be neither renamed nor made`);
      }
      prefixes.push(from.slice(0, -1));
      continue;
    }
    const to = as === undefined ? from : check(as);
    if (to.endsWith('*')) throw new RangeError(`"${as}" as a new name: want a header name`);
    if ((to !== from || make !== undefined) && (TRACE.has(from) || TRACE.has(to))) {
      throw new RangeError(
        `"${name}": trace headers are one set, none is renamed or made; mode participate starts traces`,
      );
    }
    if (make !== undefined && typeof make !== 'function') {
      throw new RangeError(`"${name}": want a function as make`);
    }
    names.set(from, { as: to, trace: TRACE.has(from) });
    if (to !== from) renamed.add(to);
    if (make !== undefined) made.push({ name: from, make });
  }
  const taken = new Set<string>();
  for (const { as } of names.values()) {
    if (taken.has(as)) throw new RangeError(`"${as}" is the new name of one header and of another`);
    taken.add(as);
  }
  return { names, renamed, prefixes, made };
}

/** Is a name carried because of how it begins? */
export function caughtByPrefix({ prefixes, names, renamed }: Selection, name: string): boolean {
  for (const prefix of prefixes) {
    if (name.startsWith(prefix)) {
      const known = names.has(name) || renamed.has(name);
      return !known && !isNeverForwarded(name) && !looksSecret(name);
    }
  }
  return false;
}

function check(name: string): string {
  if (typeof name !== 'string') throw new RangeError(`${String(name)}: want a header name`);
  const lower = name.trim().toLowerCase();
  const stem = lower.endsWith('*') ? lower.slice(0, -1) : lower;
  if (!NAME.test(stem) || stem.includes('*')) {
    throw new RangeError(`"${name}": want a header name, or a beginning such as x-foo-*`);
  }
  if (lower === stem && isNeverForwarded(stem)) {
    throw new RangeError(
      `"${name}" is never forwarded: it is a credential, belongs to one connection, or tells the next proxy who called`,
    );
  }
  return lower;
}
