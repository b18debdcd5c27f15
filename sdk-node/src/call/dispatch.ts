// dispatch: undici's dispatch around a call's course. One machine for the handlers of undici 6
// (onConnect, onHeaders, …), of 8 (onRequestStart, onResponseStart, …), and of 7, which has both.
// Promise: the caller's handler is started once, at once; it hears of one answer or one error; an
// abort of its own ends whatever is under way, with its own reason.

import { AsyncResource } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';
import { dispatchCarrying } from '../context/dispatch.js';
import { TagalongError } from '../core/errors.js';
import { split } from '../core/place.js';
import { life } from '../sidecar/life.js';
import { type Body, bodyOf, type Source } from './body.js';
import { Course, type Ending } from './course.js';
import { type Dispatch, type DispatchOptions, dispatcherOf, type Style } from './dispatchers.js';
import type { Handler } from './handler.js';
import { headerOf, pairsOf } from './headers.js';
import { isIdempotent } from './idempotent.js';
import type { Policy } from './options.js';
import { answerOf, isUnsentText, proofOf, retryAfterMs } from './proof.js';
import { Steps } from './steps.js';
import { type Asked, NewTry, OldTry, type Try } from './try.js';
import { isThroughEnvoy, type Target, type Way, waysOf } from './way.js';

/** The text of a local reply that is read before the answer is handed on. */
const LOCAL_CHARS_MAX = 4096;

/**
 * Dispatches by a policy. `base`: the dispatcher beneath, for what an intercepting sidecar takes;
 * `source`: what the body was made of, where the caller knows; `sinceMs`: when the call began.
 */
export function dispatchBy(
  policy: Policy,
  base: Dispatch,
  options: DispatchOptions,
  handler: Handler,
  source?: Source,
  sinceMs = performance.now(),
): boolean {
  const target = targetOf(options);
  // Without an origin there is nothing to decide.
  if (target === undefined) return base(options, handler);
  new Call(policy, base, options, handler, target, source, sinceMs).begin();
  return true;
}

function targetOf({ origin }: DispatchOptions): Target | undefined {
  const text = origin === undefined ? '' : String(origin);
  if (!URL.canParse(text)) return undefined;
  const { protocol, host } = new URL(text);
  const secure = protocol === 'https:';
  if (!secure && protocol !== 'http:') return undefined;
  return { authority: host, ...split(host, secure ? 443 : 80), secure };
}

class Call extends AsyncResource implements Asked {
  rawHeaders: unknown = null;
  rawTrailers: unknown = null;
  aborted = false;
  reason: unknown = null;
  paused = false;
  readonly #course: Course;
  readonly #steps: Steps;
  readonly #policy: Policy;
  readonly #base: Dispatch;
  readonly #options: DispatchOptions;
  readonly #handler: Handler;
  readonly #target: Target;
  readonly #body: Body;
  readonly #style: Style;
  #idempotent: boolean | undefined;
  #try: Try | undefined;
  /** The answer of this try is handed on. */
  #answering = false;
  #over = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(
    policy: Policy,
    base: Dispatch,
    options: DispatchOptions,
    handler: Handler,
    target: Target,
    source: Source,
    sinceMs: number,
  ) {
    super('TAGALONG_CALL');
    this.#policy = policy;
    this.#base = base;
    this.#options = options;
    this.#handler = handler;
    this.#target = target;
    this.#style = handler.onRequestStart ? 'new' : 'old';
    this.#body = bodyOf(options.body, source);
    const hops = policy.router.hops(target.authority, target.secure ? 443 : 80);
    this.#course = new Course(
      {
        policy,
        target,
        ways: waysOf(hops, target),
        idempotent: () => this.#isIdempotent(),
        replayable: () => this.#body.replayable(),
        draining: () => life().state === 'draining',
        random: Math.random,
      },
      sinceMs,
    );
    this.#steps = new Steps(this.#course, target, this, {
      go: (way) => this.#dispatch(way),
      fail: (error) => {
        this.#finish();
        this.#tellError(error);
      },
    });
  }

  begin(): void {
    // Of its own: a caller who awaits the answer must not end before it.
    const ms = this.#course.deadlineAtMs - performance.now();
    this.#deadline = setTimeout(() => this.#overdue(), Math.max(0, ms));
    try {
      if (this.#style === 'new') this.#handler.onRequestStart?.(this, null);
      else this.#handler.onConnect?.((reason) => this.abort(reason), null);
    } catch (error) {
      this.abort(error);
    }
    if (!this.#over) this.#steps.take(this.#course.begin(performance.now()));
  }

  // ---- what the caller does

  abort(reason: unknown): void {
    if (this.aborted || (this.#over && !this.#answering)) return;
    this.aborted = true;
    this.reason = reason ?? aborted();
    if (this.#answering) {
      this.#try?.abort(this.reason);
      return;
    }
    this.#finish();
    this.#try?.abort(this.reason);
    this.#tellError(this.reason);
  }

  pause(): void {
    this.paused = true;
    this.#try?.pause();
  }

  resume(): void {
    this.paused = false;
    this.#try?.resume();
  }

  // ---- what a try tells

  started(): void {
    this.#course.started();
  }

  /** The answer of a try, of which nothing was told yet. */
  answered(tried: Try, status: number, headers: unknown): 'pass' | 'read' | 'drop' {
    if (this.#over || tried !== this.#try) return 'drop';
    const reply = { status, header: (name: string) => headerOf(headers, name) };
    const answer = answerOf(reply, isThroughEnvoy(this.#course.way!));
    const { budget } = this.#policy;
    const now = performance.now();
    if (answer.kind === 'retried') budget.charge(this.#target.authority, answer.times - 1, now);
    if (answer.kind === 'local' && status === 503) {
      const length = Number(reply.header('content-length') ?? Number.NaN);
      if (length > 0 && length <= LOCAL_CHARS_MAX) return 'read';
    }
    const again = answer.kind === 'answered' || answer.kind === 'local';
    return this.#settle(tried, {
      kind: 'answered',
      answer: status,
      again: again && this.#policy.statuses.has(status),
      retryAfterMs: retryAfterMs(reply.header('retry-after'), Date.now()),
    });
  }

  /** The text of a local reply was read. */
  read(tried: Try, status: number, text: string): 'pass' | 'drop' {
    if (this.#over || tried !== this.#try) return 'drop';
    return this.#settle(
      tried,
      isUnsentText(text)
        ? { kind: 'unsent', answer: status }
        : { kind: 'answered', answer: status, again: this.#policy.statuses.has(status) },
    );
  }

  failed(tried: Try, error: unknown): void {
    if (this.#over || tried !== this.#try) return;
    const proof = proofOf(error);
    if (proof === 'caller') {
      this.#finish();
      this.#tellError(error);
      return;
    }
    // A body that fails may fail with an error of another call's connection.
    const unsent = proof === 'unsent' && !(tried.started && isConnectError(error));
    if (unsent && codeIs(error, 'TAGALONG_DIRECT_CAPTURED')) {
      this.#captured(error as TagalongError);
      return;
    }
    if (unsent && this.#course.way?.via === 'sidecar' && codeIs(error, 'ECONNREFUSED')) {
      life().noticeRefused();
    }
    this.#takeEnding(
      unsent ? { kind: tried.started ? 'unsent' : 'unconnected', error } : { kind: 'maybe', error },
    );
  }

  /** Goes on to the caller's handler; the try's own style is the caller's, or is turned into it. */
  get handler(): Handler {
    return this.#handler;
  }

  get style(): Style {
    return this.#style;
  }

  ended(): void {
    this.#answering = false;
  }

  // ---- inside

  #settle(tried: Try, ending: Ending): 'pass' | 'drop' {
    const step = this.#course.ended(ending, performance.now());
    if (step.kind === 'pass') {
      this.#finish();
      this.#answering = true;
      return 'pass';
    }
    this.#try = undefined;
    tried.discard();
    this.#steps.take(step);
    return 'drop';
  }

  #takeEnding(ending: Ending): void {
    this.#try = undefined;
    this.#steps.take(this.#course.ended(ending, performance.now()));
  }

  #captured(error: TagalongError): void {
    const step = this.#course.ended({ kind: 'unconnected', error }, performance.now());
    this.#try = undefined;
    if (step.kind === 'go') {
      this.#steps.take(step);
      return;
    }
    const { code, message, cause } = error;
    const { attempts } = this.#course;
    this.#finish();
    this.#tellError(new TagalongError(code, message, { cause, attempts: [...attempts] }));
  }

  #dispatch(way: Way): void {
    if (this.#over) return;
    try {
      const { dispatch, style } =
        way.place === undefined
          ? { dispatch: this.#base, style: this.#style }
          : dispatcherOf(way, this.#target);
      const tried = style === 'new' ? new NewTry(this) : new OldTry(this);
      this.#try = tried;
      const options = { ...this.#options, body: this.#body.value };
      // undici 8 takes none from who has chosen a dispatcher already.
      if (way.place !== undefined) delete (options as { dispatcher?: unknown }).dispatcher;
      dispatchCarrying(dispatch, dispatch, options, tried as unknown as Handler);
    } catch (error) {
      if (this.#over) return;
      this.#finish();
      this.#tellError(error);
    }
  }

  #overdue(): void {
    if (this.#over) return;
    const tried = this.#try;
    const error = this.#course.overdue(tried?.started === true, life().state, performance.now());
    this.#finish();
    tried?.abort(error);
    this.#tellError(error);
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#steps.stop();
  }

  #tellError(error: unknown): void {
    this.runInAsyncScope(() => {
      if (this.#style === 'new') this.#handler.onResponseError?.(this, error);
      else this.#handler.onError?.(error);
    });
  }

  #isIdempotent(): boolean {
    if (this.#idempotent === undefined) {
      const { method = 'GET', headers, path, origin } = this.#options;
      const url = () => new URL(String(path ?? '/'), String(origin));
      const { idempotent } = this.#policy;
      this.#idempotent = isIdempotent(idempotent, String(method), pairsOf(headers), url);
    }
    return this.#idempotent;
  }
}

function aborted(): Error {
  const error = new Error('Request aborted');
  error.name = 'AbortError';
  return Object.assign(error, { code: 'UND_ERR_ABORTED' });
}

function codeIs(error: unknown, code: string): boolean {
  return (error as { code?: unknown } | null)?.code === code;
}

function isConnectError(error: unknown): boolean {
  return !codeIs(error, 'ERR_HTTP2_STREAM_ERROR');
}
