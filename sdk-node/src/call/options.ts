// options: what calls through this package may be told, and what it comes to.

import { TagalongError } from '../core/errors.js';
import type { Routes } from '../core/hop.js';
import { settings } from '../options/settings.js';
import { Breakers } from './breaker.js';
import { Budget } from './budget.js';
import { type Router, routerOf } from './route.js';

/** How often and when a call is repeated. */
export interface RetryOptions {
  /**
   * Requests put on a wire, the first included. Default 3. A connection that fails counts only when
   * the same hop is tried again; falling to the next hop does not.
   */
  attempts?: number;
  /** Full jitter: a repetition waits 0 to min(capMs, baseMs * 2^n) ms. Default 25. */
  baseMs?: number;
  /** Default 1,000. */
  capMs?: number;
  /**
   * Per authority and client: repetitions are at most `ratio` of the calls of the last 10 s, and
   * `floorPerSecond` beside. Default 0.2 and 1.
   */
  budget?: { ratio?: number; floorPerSecond?: number };
  /** Statuses after which an idempotent call is repeated. Default [503]. */
  statuses?: readonly number[];
  /**
   * May a call that was perhaps processed be repeated? Default: GET, HEAD, OPTIONS, PUT, DELETE,
   * TRACE, QUERY, or any with an `idempotency-key`.
   */
  idempotent?: (request: { method: string; headers: Headers; url: URL }) => boolean;
}

/** What `createFetch`, the undici `interceptor` and gRPC's `channelOptions` take. */
export interface CallOptions {
  /**
   * Authority (`reviews`, `reviews:9080`, `*.shop.svc`) → hops in the order of trying. Default:
   * those of TAGALONG_DIRECT and `configure`, else through the sidecar only.
   */
  routes?: Routes;
  /**
   * Before the first byte is written, any method; after it, only what is idempotent. False: nothing
   * is repeated, though the next hop is tried where a connection fails.
   */
  retry?: false | RetryOptions;
  /**
   * Until the head of the answer is there, with all waits and repetitions; then TAGALONG_DEADLINE.
   * What follows the head is for the client's own timeouts. Default 15,000.
   */
  deadlineMs?: number;
  /** Per hop, failed connections only: so many in a row, default 5; tried each, default 1,000 ms. */
  breaker?: { failures?: number; probeMs?: number };
}

/** The options made ready for use, with what a client keeps. */
export interface Policy {
  /** Made at the first call: `configure` may come after the client. */
  readonly router: Router;
  readonly retry: boolean;
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  readonly statuses: ReadonlySet<number>;
  readonly idempotent: RetryOptions['idempotent'];
  readonly deadlineMs: number;
  readonly budget: Budget;
  readonly breakers: Breakers;
}

/** What a timer of Node can hold. */
const MS_MAX = 0x7fffffff;

/** @throws TagalongError TAGALONG_CONFIG: names the option and what is wanted */
export function policyOf(options: CallOptions = {}): Policy {
  try {
    const retry = options.retry === false ? {} : (options.retry ?? {});
    const { budget = {} } = retry;
    const { breaker = {} } = options;
    const statuses = retry.statuses ?? [503];
    for (const status of statuses) within('retry.statuses', status, 400, 599, true);
    const { idempotent } = retry;
    if (idempotent !== undefined && typeof idempotent !== 'function') {
      throw new RangeError('retry.idempotent: want a function');
    }
    const routes = options.routes ?? {};
    // Now, so that what is wrong is told where it was written.
    routerOf(routes);
    let router: Router | undefined;
    return {
      get router() {
        router ??= routerOf(routes, settings().routes);
        return router;
      },
      retry: options.retry !== false,
      attempts:
        options.retry === false ? 1 : within('retry.attempts', retry.attempts ?? 3, 1, 100, true),
      baseMs: within('retry.baseMs', retry.baseMs ?? 25, 0, MS_MAX),
      capMs: within('retry.capMs', retry.capMs ?? 1_000, 0, MS_MAX),
      statuses: new Set(statuses),
      idempotent,
      deadlineMs: within('deadlineMs', options.deadlineMs ?? 15_000, 1, MS_MAX),
      budget: new Budget(
        within('retry.budget.ratio', budget.ratio ?? 0.2, 0, 100),
        within('retry.budget.floorPerSecond', budget.floorPerSecond ?? 1, 0, 1e6),
      ),
      breakers: new Breakers(
        within('breaker.failures', breaker.failures ?? 5, 1, 1e6, true),
        within('breaker.probeMs', breaker.probeMs ?? 1_000, 1, MS_MAX),
      ),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TagalongError('TAGALONG_CONFIG', error.message, { cause: error });
  }
}

function within(name: string, value: number, least: number, most: number, whole = false): number {
  if (typeof value === 'number' && value >= least && value <= most) {
    if (!whole || Number.isInteger(value)) return value;
  }
  const kind = whole ? 'a whole number' : 'a number';
  throw new RangeError(`${name}: ${String(value)}: want ${kind} from ${least} to ${most}`);
}
