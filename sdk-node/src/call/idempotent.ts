// idempotent: may a call that was perhaps processed be made once more?

import type { RetryOptions } from './options.js';

/** By their meaning (RFC 9110, 9.2.2; QUERY by its draft). */
const METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'QUERY']);

/** The header whose value says that a server knows a repetition for one. */
export const KEY = 'idempotency-key';

/** By what the caller says, else by its method or a key. gRPC's method is POST. */
export function isIdempotent(
  said: RetryOptions['idempotent'],
  method: string,
  headers: Iterable<readonly [string, string]>,
  url: () => URL,
): boolean {
  if (said === undefined) {
    if (METHODS.has(method.toUpperCase())) return true;
    for (const [name, value] of headers) {
      if (name.toLowerCase() === KEY && value.trim() !== '') return true;
    }
    return false;
  }
  try {
    const given = new Headers();
    for (const [name, value] of headers) given.append(name, value);
    return said({ method, headers: given, url: url() }) === true;
  } catch {
    // In doubt it is not.
    return false;
  }
}
