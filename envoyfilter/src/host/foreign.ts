// foreign: functions that a guest calls by name through proxy_call_foreign_function.
// Envoy 1.40 registers ten for every guest, ABI 0.2.1 included. Three are here; the others
// (signatures, CEL expressions, filter state) are known and answer Unimplemented. A name that is
// not known answers NotFound.

import { deflateSync, inflateSync } from 'node:zlib';
import type { Context } from './context.js';
import { Status } from './status.js';

export interface ForeignResult {
  readonly status: Status;
  readonly result?: Uint8Array;
}

/**
 * A function by name.
 * @param argument a copy of what the guest passed
 * @param context the stream or root that calls
 */
export type ForeignFunction = (
  argument: Uint8Array,
  context: Pick<Context, 'id' | 'clearRouteCache'>,
) => ForeignResult;

const unimplemented: ForeignFunction = () => ({ status: Status.Unimplemented });

const ENVOY: Readonly<Record<string, ForeignFunction>> = {
  // Needless under ABI 0.2.1, where each write to a request header does it, and harmless.
  clear_route_cache: (_argument, context) => {
    context.clearRouteCache();
    return { status: Status.Ok };
  },
  compress: (argument) => ({ status: Status.Ok, result: deflateSync(argument) }),
  uncompress: (argument) => {
    try {
      return { status: Status.Ok, result: inflateSync(argument) };
    } catch {
      return { status: Status.SerializationFailure };
    }
  },
  declare_property: unimplemented,
  expr_create: unimplemented,
  expr_delete: unimplemented,
  expr_evaluate: unimplemented,
  set_envoy_filter_state: unimplemented,
  sign: unimplemented,
  verify_signature: unimplemented,
};

/** Envoy's functions, with `more` beside or instead of them. */
export function foreignFunctions(
  more: Readonly<Record<string, ForeignFunction>> = {},
): ReadonlyMap<string, ForeignFunction> {
  return new Map(Object.entries({ ...ENVOY, ...more }));
}
