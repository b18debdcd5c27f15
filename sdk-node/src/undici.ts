// undici: for `dispatcher.compose(interceptor())`.

import { dispatchBy } from './call/dispatch.js';
import type { Dispatch, DispatchOptions } from './call/dispatchers.js';
import type { Handler } from './call/handler.js';
import { type CallOptions, policyOf } from './call/options.js';
import { TagalongError } from './core/errors.js';
import { settings } from './options/settings.js';

export type { CallOptions, RetryOptions } from './call/options.js';

/** Fits the `compose` of every undici, each of which has types of its own. */
export type Interceptor = <D extends (options: never, handler: never) => boolean>(dispatch: D) => D;

/**
 * An interceptor for dispatchers of undici 6 and later: waits for the sidecar, takes the next hop
 * where a connection fails, and repeats what may be repeated. Calls through an intercepting sidecar
 * use the dispatcher that it is composed with; other hops have pools of their own.
 * `origin`: of a Client or Pool, whose calls name none, as `http://reviews:9080`; without it those
 * go as they are.
 * @throws TagalongError TAGALONG_CONFIG: an option is wrong
 */
export function interceptor(options: CallOptions & { origin?: string } = {}): Interceptor {
  const { origin, ...rest } = options;
  const policy = policyOf(rest);
  if (
    origin !== undefined &&
    !/^https?:$/.test(URL.canParse(origin) ? new URL(origin).protocol : '')
  ) {
    throw new TagalongError('TAGALONG_CONFIG', `origin: "${origin}": want http://HOST:PORT`);
  }
  return (<D>(given: D) => {
    const dispatch = given as Dispatch;
    return (asked: DispatchOptions, handler: object) => {
      if (!settings().enabled) return dispatch(asked, handler);
      const isNamed = origin === undefined || asked.origin !== undefined;
      const options = isNamed ? asked : { ...asked, origin };
      return dispatchBy(policy, dispatch, options, handler as Handler);
    };
  }) as unknown as Interceptor;
}
