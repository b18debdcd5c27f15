// errors: what can go wrong with Envoy itself, one class and one stable `code` each.
// Promise: the message alone is enough to act on: what was tried or said, and the remedy.
// Left to others: answers of the admin interface (admin.ts).

/** One place where Envoy was looked for, and why it was not taken. */
export interface Attempt {
  readonly place: string;
  readonly reason: string;
}

/** No Envoy that fits could be found or fetched. `tried` holds the places in order. */
export class EnvoyNotFound extends Error {
  override readonly name = 'EnvoyNotFound';
  readonly code = 'ENVOY_NOT_FOUND';
  readonly tried: readonly Attempt[];

  constructor(what: string, tried: readonly Attempt[], remedies: readonly string[]) {
    const places = tried.map(({ place, reason }, index) => `  ${index + 1}. ${place}: ${reason}`);
    const ways = remedies.map((remedy) => `  - ${remedy}`);
    super([`${what} Tried, in this order:`, ...places, 'What helps, any one:', ...ways].join('\n'));
    this.tried = tried;
  }
}

/** How a process ended: `code` is null where a signal ended it, and the other way round. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How many of the last log lines a message of EnvoyFailed quotes. */
const QUOTED_LINES = 20;

/** Envoy did not start, ended early, or did not do what was waited for. */
export class EnvoyFailed extends Error {
  override readonly name = 'EnvoyFailed';
  readonly code = 'ENVOY_FAILED';
  /** All log lines still held when it failed, oldest first. */
  readonly logs: readonly string[];
  /** Absent while the process still ran. */
  readonly exit: Exit | undefined;

  constructor(what: string, logs: readonly string[], exit?: Exit) {
    const last = logs.slice(-QUOTED_LINES).map((line) => `  | ${line}`);
    super([what, ...(last.length > 0 ? ['Its last log lines:', ...last] : [])].join('\n'));
    this.logs = [...logs];
    this.exit = exit;
  }
}
