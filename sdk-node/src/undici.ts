// undici: for `dispatcher.compose(interceptor())`.

import { dispatchBy } from './call/dispatch.js';
import type { Dispatch, DispatchOptions } from './call/dispatchers.js';
import type { Handler } from './call/handler.js';
import { type CallOptions, policyOf } from './call/options.js';
import { settings } from './options/settings.js';

export type { CallOptions, RetryOptions } from './call/options.js';

/** Fits the `compose` of every undici, each of which has types of its own. */
export type Interceptor = <D extends (options: never, handler: never) => boolean>(dispatch: D) => D;

/**
 * An interceptor for dispatchers of undici 6 and later: waits for the sidecar, takes the next hop
 * where a connection fails, and repeats what may be repeated. Calls through an intercepting sidecar
 * use the dispatcher that it is composed with; other hops have pools of their own.
 * @throws TagalongError TAGALONG_CONFIG: an option is wrong
 */
export function interceptor(options: CallOptions = {}): Interceptor {
  const policy = policyOf(options);
  return (<D>(given: D) => {
    const dispatch = given as Dispatch;
    return (asked: DispatchOptions, handler: object) =>
      settings().enabled
        ? dispatchBy(policy, dispatch, asked, handler as Handler)
        : dispatch(asked, handler);
  }) as unknown as Interceptor;
}
