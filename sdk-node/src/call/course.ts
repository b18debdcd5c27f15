// course: the course of one call: where it goes, and after each try whether and where again.
// Pure but for the breakers and the budget of its policy, which it tells. No timers: the clock comes
// in, and waits are values.

import { attemptChannel } from '../core/channels.js';
import { type Attempt, type Code, TagalongError, type Via } from '../core/errors.js';
import { backoffMs } from './backoff.js';
import type { Policy } from './options.js';
import { codeOf, isPermanent } from './proof.js';
import { epochOf, isDead, type Target, type Way, type Ways } from './way.js';

/** How a try ended. */
export type Ending =
  /** The connection was never established. */
  | { readonly kind: 'unconnected'; readonly error: unknown }
  /** It is proven that nothing was sent; `answer`: the status of the reply that says so. */
  | { readonly kind: 'unsent'; readonly error?: unknown; readonly answer?: number }
  /** It may have been processed. */
  | { readonly kind: 'maybe'; readonly error: unknown }
  /** An answer; `again`: it is of a kind that may be repeated. */
  | {
      readonly kind: 'answered';
      readonly answer: number;
      readonly again: boolean;
      readonly retryAfterMs?: number | undefined;
    };

export type Step =
  /** Try this way. */
  | { readonly kind: 'go'; readonly way: Way }
  /** Wait, then `resume`. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Hand the answer on as it came. */
  | { readonly kind: 'pass' }
  | { readonly kind: 'fail'; readonly error: TagalongError };

export interface CourseOptions {
  readonly policy: Policy;
  readonly target: Target;
  readonly ways: Ways;
  readonly idempotent: () => boolean;
  /** Can the body be sent once more? */
  readonly replayable: () => boolean;
  readonly draining: () => boolean;
  readonly random: () => number;
}

/** Of a call that fails for long. */
const ATTEMPTS_KEPT = 100;

export class Course {
  readonly attempts: Attempt[] = [];
  readonly deadlineAtMs: number;
  readonly #options: CourseOptions;
  /** The way that is being tried. */
  #way: Way | undefined;
  #wayAt = -1;
  #sinceMs = 0;
  #trying = false;
  #count = 0;
  /** Tries but for those that fell to the next hop. */
  #tries = 0;
  #repetitions = 0;
  #sent: 'no' | 'maybe' = 'no';
  #lastError: unknown;

  constructor(options: CourseOptions, nowMs: number) {
    this.#options = options;
    this.deadlineAtMs = nowMs + options.policy.deadlineMs;
    options.policy.budget.pay(options.target.authority, nowMs);
  }

  get way(): Way | undefined {
    return this.#way;
  }

  begin(nowMs: number): Step {
    const { ways, target } = this.#options;
    if (ways.usable.length === 0) {
      return this.#fail(
        'TAGALONG_NO_ROUTE',
        `No hop can take a call to ${target.authority}: ${ways.refused.join('; ')}.`,
      );
    }
    return this.#choose(nowMs) ?? this.#noneLeft('No hop is open.');
  }

  /** After a wait. */
  resume(nowMs: number): Step {
    if (!this.#options.draining()) return this.#choose(nowMs) ?? this.#noneLeft('No hop is open.');
    const past = this.#choose(nowMs, isPast);
    if (past !== undefined) return past;
    return this.#sent === 'no'
      ? this.#noneLeft(DRAINS)
      : this.#fail('TAGALONG_MAYBE_PROCESSED', DRAINS);
  }

  /** The connection of the try stands: its bytes are written from now on. */
  started(): void {
    if (this.#way !== undefined) this.#breaker(this.#way).succeeded();
  }

  ended(ending: Ending, nowMs: number): Step {
    const way = this.#way!;
    const outcome =
      'answer' in ending && ending.answer !== undefined
        ? ending.answer
        : codeOf((ending as { error?: unknown }).error);
    const attempt = this.#attempt(outcome, nowMs);
    if ('error' in ending) this.#lastError = ending.error;
    if (ending.kind === 'maybe' || ending.kind === 'answered') this.#sent = 'maybe';
    if (ending.kind === 'unconnected') this.#breaker(way).failed(nowMs);
    else this.#breaker(way).succeeded();
    const step = this.#after(ending, nowMs);
    const sent = ending.kind === 'unconnected' || ending.kind === 'unsent' ? 'no' : 'maybe';
    const next = step.kind === 'go' ? step.way.via : step.kind === 'wait' ? way.via : null;
    this.#publish(attempt, sent, next);
    return step;
  }

  /** The deadline is over; `writing`: the request may be on a wire. */
  overdue(writing: boolean, state: string, nowMs: number): TagalongError {
    const { policy, target } = this.#options;
    if (writing) this.#sent = 'maybe';
    if (this.#trying) {
      const attempt = this.#attempt('TAGALONG_DEADLINE', nowMs);
      this.#publish(attempt, writing ? 'maybe' : 'no', null);
    }
    return this.#error(
      'TAGALONG_DEADLINE',
      `${target.authority} has not answered within ${policy.deadlineMs} ms (the sidecar is ${state}).`,
    );
  }

  /** An answer that has begun is cut off. */
  cut(cause: unknown): TagalongError {
    this.#sent = 'maybe';
    this.#lastError = cause;
    return this.#error('TAGALONG_MAYBE_PROCESSED', 'The answer was cut off.');
  }

  #attempt(outcome: number | string, nowMs: number): Attempt {
    const attempt = { via: this.#way!.via, ms: nowMs - this.#sinceMs, outcome };
    this.#trying = false;
    this.#count++;
    this.attempts.push(attempt);
    // Errors carry them: the first and the latest will do.
    if (this.attempts.length > ATTEMPTS_KEPT) this.attempts.splice(1, 1);
    return attempt;
  }

  #publish(attempt: Attempt, sent: 'no' | 'maybe', next: Via | null): void {
    if (!attemptChannel.hasSubscribers) return;
    const { authority } = this.#options.target;
    attemptChannel.publish({ ...attempt, authority, n: this.#count, sent, next });
  }

  #after(ending: Ending, nowMs: number): Step {
    const { policy, idempotent, replayable, draining } = this.#options;
    const unsent = ending.kind === 'unconnected' || ending.kind === 'unsent';
    const answered = 'answer' in ending && ending.answer !== undefined;
    const give = (code: Code, why: string): Step =>
      answered ? { kind: 'pass' } : this.#fail(code, why);
    if (ending.kind === 'answered' && !ending.again) return { kind: 'pass' };
    if (!unsent && !(idempotent() && replayable())) {
      return give(
        'TAGALONG_MAYBE_PROCESSED',
        'The call failed after it may have been processed, and may not be repeated.',
      );
    }
    if (!replayable()) return answered ? { kind: 'pass' } : this.#noneLeft(READ);
    if (unsent) {
      // Nobody was burdened by a connection that failed: falling to the next hop is free.
      const free = ending.kind === 'unconnected';
      const allowed = free || this.#tries + 1 < policy.attempts;
      const next = allowed ? this.#peek(this.#wayAt + 1, nowMs) : undefined;
      if (next !== undefined) {
        if (!free) {
          this.#tries++;
          if (!this.#afford(nowMs)) return give('TAGALONG_BUDGET', SPENT);
        }
        return this.#go(next, nowMs);
      }
    }
    const code: Code = unsent ? 'TAGALONG_UNREACHABLE' : 'TAGALONG_MAYBE_PROCESSED';
    const stop = (why: string): Step =>
      answered ? { kind: 'pass' } : unsent ? this.#noneLeft(why) : this.#fail(code, why);
    if (!policy.retry) return stop('Repetitions are off.');
    if ('error' in ending && isPermanent(ending.error)) return stop('Time does not mend it.');
    this.#tries++;
    if (this.#tries >= policy.attempts) return stop(`${policy.attempts} attempts have failed.`);
    if (draining()) {
      // What drains is given nothing again; who goes past it takes nothing from it.
      const past = unsent ? undefined : this.#peek(0, nowMs, isPast);
      if (past === undefined) return stop(DRAINS);
      return this.#afford(nowMs) ? this.#go(past, nowMs) : give('TAGALONG_BUDGET', SPENT);
    }
    const { baseMs, capMs } = policy;
    const wished = ending.kind === 'answered' ? (ending.retryAfterMs ?? 0) : 0;
    const ms = Math.max(
      wished,
      backoffMs(this.#repetitions, baseMs, capMs, this.#options.random()),
    );
    if (nowMs + ms >= this.deadlineAtMs) return stop('No time is left for another attempt.');
    // Nothing would come of waiting for a hop that is not tried again so soon.
    if (unsent && !this.#reopens(nowMs + ms)) return stop('No hop is open.');
    if (!this.#afford(nowMs)) return give('TAGALONG_BUDGET', SPENT);
    this.#repetitions++;
    return { kind: 'wait', ms };
  }

  #afford(nowMs: number): boolean {
    const { policy, target } = this.#options;
    return policy.budget.take(target.authority, nowMs);
  }

  #choose(nowMs: number, fits?: (way: Way) => boolean): Step | undefined {
    const at = this.#peek(0, nowMs, fits);
    return at === undefined ? undefined : this.#go(at, nowMs);
  }

  /** The first way from `from` on that its breaker admits. */
  #peek(from: number, nowMs: number, fits: (way: Way) => boolean = () => true) {
    const { usable } = this.#options.ways;
    for (let at = from; at < usable.length; at++) {
      const way = usable[at]!;
      if (!fits(way)) continue;
      if (this.#breaker(way).admits(nowMs, isDead(way), epochOf(way))) return at;
    }
    return undefined;
  }

  #go(at: number, nowMs: number): Step {
    this.#wayAt = at;
    this.#way = this.#options.ways.usable[at]!;
    this.#sinceMs = nowMs;
    this.#trying = true;
    return { kind: 'go', way: this.#way };
  }

  #reopens(atMs: number): boolean {
    return this.#options.ways.usable.some((way) => this.#breaker(way).mayAdmit(atMs));
  }

  #breaker(way: Way) {
    return this.#options.policy.breakers.of(way.key);
  }

  /** Nothing was sent, and there is no way on. */
  #noneLeft(why: string): Step {
    const { ways, target } = this.#options;
    const only = ways.usable.every(({ via }) => via === 'sidecar');
    // DNS is not the sidecar's.
    const dead =
      only &&
      (ways.usable.some(isDead) ||
        (ways.usable[0]?.place !== undefined && codeOf(this.#lastError) !== 'ENOTFOUND'));
    if (dead) {
      return this.#fail(
        'TAGALONG_SIDECAR_DEAD',
        `Connections to the sidecar fail, and ${target.authority} has no other hop. ${why}`,
      );
    }
    return this.#fail(
      'TAGALONG_UNREACHABLE',
      `No hop of ${target.authority} can be connected to. ${why}`,
    );
  }

  #fail(code: Code, message: string): Step {
    return { kind: 'fail', error: this.#error(code, message) };
  }

  #error(code: Code, message: string): TagalongError {
    const cause = this.#lastError;
    return new TagalongError(code, message, {
      ...(cause === undefined ? {} : { cause }),
      sent: this.#sent,
      attempts: [...this.attempts],
    });
  }
}

/** Does it go past the sidecar? */
function isPast({ via }: Way): boolean {
  return via !== 'sidecar';
}

const DRAINS = 'The sidecar is draining: nothing is repeated.';
const READ = 'The body was read, and cannot be sent again.';
const SPENT = 'A repetition was due, and the budget of the authority is spent.';
