// progress: how far a run is, and how long it will take: one line that is written over on a terminal,
// a line now and then elsewhere.

export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const TELL_EVERY_MS = 10_000;
const COLUMNS = 80;

export class Progress {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #startMs: number;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
    this.#startMs = now();
  }

  /** @param share from 0 to 1 of the whole run */
  tell(share: number, what: string): void {
    const nowMs = this.#now();
    const text = `${percent(share)} ${left(share, nowMs - this.#startMs)}  ${what}`;
    if (this.#output.isTTY) {
      const cut = text.slice(0, (this.#output.columns ?? COLUMNS) - 1);
      this.#output.write(`\r${cut}\u001b[K`);
    } else if (nowMs - this.#toldMs >= TELL_EVERY_MS) {
      this.#toldMs = nowMs;
      this.#output.write(`${text}\n`);
    }
  }

  /** Leaves the line to others. */
  done(): void {
    if (this.#output.isTTY) this.#output.write('\r\u001b[K');
  }
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)} %`;
}

/** Nothing is promised before a fiftieth is done. */
function left(share: number, elapsedMs: number): string {
  if (share < 0.02) return 'time left: unknown';
  const seconds = Math.round((elapsedMs * (1 - share)) / share / 1_000);
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes} min ${seconds % 60} s left` : `${seconds} s left`;
}
