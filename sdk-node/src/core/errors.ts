// errors: what calls through this package fail with. Match on `code`: two versions may be loaded.

/** Where a call went. */
export type Via = 'sidecar' | 'proxy' | 'direct';

/** One try of a call: through what, for how long, and how it ended. */
export interface Attempt {
  readonly via: Via;
  readonly ms: number;
  /** The status of the answer, or the code of the error. */
  readonly outcome: number | string;
}

/**
 * - `TAGALONG_CONFIG`: an option or variable is wrong, or came too late. Nothing was sent.
 * - `TAGALONG_SIDECAR_NOT_READY`: the sidecar did not become ready in the time given.
 * - `TAGALONG_SIDECAR_DEAD`: connections to the sidecar fail, and no other hop is listed.
 * - `TAGALONG_UNREACHABLE`: no hop of the route could be connected to. Nothing was sent, unless an
 *   earlier attempt says so.
 * - `TAGALONG_NO_ROUTE`: no hop of the route can take this call, for a reason that time won't mend.
 * - `TAGALONG_DIRECT_CAPTURED`: a direct address is caught by the sidecar's redirection.
 * - `TAGALONG_DEADLINE`: `deadlineMs` is over.
 * - `TAGALONG_BUDGET`: a retry was due, and the budget of the authority is spent.
 * - `TAGALONG_MAYBE_PROCESSED`: the call failed after bytes of it were written, and may not be
 *   repeated.
 */
export type Code =
  | 'TAGALONG_CONFIG'
  | 'TAGALONG_SIDECAR_NOT_READY'
  | 'TAGALONG_SIDECAR_DEAD'
  | 'TAGALONG_UNREACHABLE'
  | 'TAGALONG_NO_ROUTE'
  | 'TAGALONG_DIRECT_CAPTURED'
  | 'TAGALONG_DEADLINE'
  | 'TAGALONG_BUDGET'
  | 'TAGALONG_MAYBE_PROCESSED';

/** What calls through this package fail with. An abort of the caller's is thrown untouched instead. */
export class TagalongError extends Error {
  override readonly name = 'TagalongError';
  readonly code: Code;
  /** May the far side have acted? */
  readonly sent: 'no' | 'maybe';
  /** Every try, in order. */
  readonly attempts: readonly Attempt[];

  constructor(
    code: Code,
    message: string,
    options: { cause?: unknown; sent?: 'no' | 'maybe'; attempts?: readonly Attempt[] } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.sent = options.sent ?? 'no';
    this.attempts = options.attempts ?? [];
  }
}
