// fetch: a fetch whose calls survive. The client's own fetch does all that a fetch does; only its
// dispatcher is ours, for each call, so that every redirect is routed and judged by itself.

import { performance } from 'node:perf_hooks';
import { TagalongError } from '../core/errors.js';
import { settings } from '../options/settings.js';
import { snapshotOf } from './body.js';
import { dispatchBy } from './dispatch.js';
import { type Dispatch, type DispatchOptions, globalDispatch } from './dispatchers.js';
import type { Handler } from './handler.js';
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
    const source = snapshotOf(init?.body);
    // The first fetch of a process loads it, which is part of the call; a redirect has its own time.
    let sinceMs: number | undefined = performance.now();
    const dispatcher = {
      dispatch(asked: DispatchOptions, handler: Handler): boolean {
        const base: Dispatch =
          own === undefined
            ? (o, h) => globalDispatch('onRequestStart' in h ? 'new' : 'old')(o, h)
            : (o, h) => own.dispatch(o, h);
        const body = asked.body === null ? undefined : source;
        const begunMs = sinceMs;
        sinceMs = undefined;
        return dispatchBy(policy, base, asked, handler, body, begunMs);
      },
    };
    try {
      return await fetch(input, { ...plain(init), dispatcher } as RequestInit);
    } catch (error) {
      // fetch wraps what its dispatcher says in a TypeError.
      const cause = (error as { cause?: unknown } | null)?.cause;
      throw cause instanceof TagalongError ? cause : error;
    }
  };
}

/** What fetch reads of its options. */
const NAMES = [
  ...['method', 'headers', 'body', 'mode', 'credentials', 'cache', 'redirect', 'referrer'],
  ...['referrerPolicy', 'integrity', 'keepalive', 'signal', 'duplex', 'priority', 'window'],
] as const;

/** The options as an object of its own; a Request, whose are accessors, may stand for them. */
function plain(init: RequestInit | undefined): Record<string, unknown> {
  const given = (init ?? {}) as Record<string, unknown>;
  const own = { ...given };
  for (const name of NAMES) {
    if (name in given) own[name] ??= given[name];
  }
  return own;
}
