// fetch: a fetch whose calls survive. The client's own fetch does all that a fetch does; only its
// dispatcher is ours, for each call, so that every redirect is routed and judged by itself.

import { TagalongError } from '../core/errors.js';
import { settings } from '../options/settings.js';
import { dispatchBy, type Handler } from './dispatch.js';
import { type Dispatch, type DispatchOptions, globalDispatch } from './dispatchers.js';
import { type CallOptions, policyOf } from './options.js';

interface Dispatcher {
  dispatch(options: DispatchOptions, handler: object): boolean;
}

/**
 * A `fetch` that waits for the sidecar, takes the next hop where a connection fails, and repeats
 * what may be repeated. Fails with a TagalongError, or with the caller's own abort reason.
 * `fetch`: what makes the calls; default the global one, looked up at each call.
 * @throws TagalongError TAGALONG_CONFIG: an option is wrong
 */
export function createFetch(
  options: CallOptions & { fetch?: typeof globalThis.fetch } = {},
): typeof globalThis.fetch {
  const policy = policyOf(options);
  const { fetch: given } = options;
  return async (input, init) => {
    const fetch = given ?? globalThis.fetch;
    if (!settings().enabled) return fetch(input, init);
    const own = (init as { dispatcher?: Dispatcher } | undefined)?.dispatcher;
    const source = init?.body ?? undefined;
    const dispatcher = {
      dispatch(asked: DispatchOptions, handler: Handler): boolean {
        const base: Dispatch =
          own === undefined
            ? (o, h) => globalDispatch('onRequestStart' in h ? 'new' : 'old')(o, h)
            : (o, h) => own.dispatch(o, h);
        return dispatchBy(policy, base, asked, handler, asked.body === null ? undefined : source);
      },
    };
    try {
      return await fetch(input, { ...init, dispatcher } as RequestInit);
    } catch (error) {
      // fetch wraps what its dispatcher says in a TypeError.
      const cause = (error as { cause?: unknown } | null)?.cause;
      throw cause instanceof TagalongError ? cause : error;
    }
  };
}
