// log-lines: the last lines that a process wrote, and waiting for one to come.
// Promise: bounded in lines and in the length of a line; older lines go first.

/** Lines kept. */
export const LINES_MAX = 5_000;
/** Characters of one line that are kept; a dumped configuration can be a line of megabytes. */
export const LINE_CHARS_MAX = 16_384;

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (line: string) => void;
}

export class LogLines {
  /** Oldest first, at most LINES_MAX. Live: it changes as lines come. */
  readonly lines: string[] = [];
  #count = 0;
  #partial = '';
  readonly #waiters = new Set<Waiter>();
  readonly #onLine: (line: string) => void;

  /** `onLine` is told of each line as it comes. */
  constructor(onLine: (line: string) => void = () => {}) {
    this.#onLine = onLine;
  }

  /** Lines that ever came, so also the index that the next one will have. */
  get count(): number {
    return this.#count;
  }

  /** Takes a piece of output, which need not end with a line. */
  write(text: string): void {
    const parts = text.split('\n');
    parts[0] = this.#partial + parts[0];
    this.#partial = (parts.pop() ?? '').slice(0, LINE_CHARS_MAX);
    for (const part of parts) this.#add(part);
  }

  /** The output is over: what came of a last line counts as one. */
  end(): void {
    if (this.#partial !== '') this.#add(this.#partial);
    this.#partial = '';
  }

  #add(raw: string): void {
    const line = raw.replace(/\r$/, '').slice(0, LINE_CHARS_MAX);
    this.#count++;
    this.lines.push(line);
    if (this.lines.length > LINES_MAX) this.lines.shift();
    for (const waiter of this.#waiters) {
      if (line.search(waiter.pattern) >= 0) waiter.found(line);
    }
    this.#onLine(line);
  }

  /**
   * The first line from index `after` on (see `count`) that matches, whether it came already or
   * comes later. Rejects with the signal's reason.
   */
  waitFor(pattern: RegExp, after: number, signal: AbortSignal): Promise<string> {
    const skip = Math.max(0, after - (this.#count - this.lines.length));
    // search() ignores lastIndex, which a pattern with the g flag would carry along.
    const known = this.lines.slice(skip).find((line) => line.search(pattern) >= 0);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', abort);
      };
      const abort = () => {
        done();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        pattern,
        found: (line) => {
          done();
          resolve(line);
        },
      };
      if (signal.aborted) return abort();
      this.#waiters.add(waiter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
