// tally: what came back in a run, and what was not as it should have been. Nothing is thrown away:
// a run of which any of `wrong`, `lost`, `closed` is not 0 has measured something else.

import type { PreparedRequest } from './requests.js';

/** How much of the first wrong answer is kept, characters. */
const TEXT_SIZE = 2_000;
const STATUSES = 1_000;

export interface Answers {
  /** Requests written to a connection. */
  readonly sent: number;
  readonly answered: number;
  /** How many of each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers of another status, without the bytes expected, or that cannot be read. */
  readonly wrong: number;
  /** The first of them behind its request, cut to 2,000 characters each. */
  readonly firstWrong?: string;
  /** Requests that were due, or sent, and never answered. */
  readonly lost: number;
  /** Connections that the other side closed, or that broke, or could not be opened again. */
  readonly closed: number;
  /** What the system said of the first that broke. */
  readonly firstError?: string;
}

export class Tally {
  readonly #statuses = new Float64Array(STATUSES);
  sent = 0;
  answered = 0;
  closed = 0;
  /** Sent on a connection that is no more. */
  dropped = 0;
  #wrong = 0;
  #firstWrong: string | undefined;
  #firstError: string | undefined;

  get firstError(): string | undefined {
    return this.#firstError;
  }

  get underWay(): number {
    return this.sent - this.answered - this.dropped;
  }

  /** @param bytes with the answer from `start` to `end` */
  answer(
    request: PreparedRequest,
    status: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.answered++;
    this.#statuses[status]!++;
    const { contains } = request;
    let right = status === request.status;
    for (let i = 0; right && i < contains.length; i++) right = has(bytes, contains[i]!, start, end);
    if (!right) this.wrong(request, bytes, start, end);
  }

  /** @param request undefined where nobody asked */
  wrong(request: PreparedRequest | undefined, bytes: Buffer, start: number, end: number): void {
    this.#wrong++;
    if (this.#firstWrong !== undefined) return;
    const asked = request === undefined ? '' : text(request.bytes, 0, request.bytes.length);
    this.#firstWrong = asked + text(bytes, start, end);
  }

  error(message: string): void {
    this.#firstError ??= message;
  }

  /** @param due requests that should have been answered */
  answers(due: number): Answers {
    const { sent, answered, closed } = this;
    const statuses: Record<string, number> = {};
    this.#statuses.forEach((count, status) => {
      if (count > 0) statuses[status] = count;
    });
    return {
      ...{ sent, answered, statuses, wrong: this.#wrong, lost: due - answered, closed },
      ...(this.#firstWrong === undefined ? {} : { firstWrong: this.#firstWrong }),
      ...(this.#firstError === undefined ? {} : { firstError: this.#firstError }),
    };
  }
}

/** Behind `end` there are bytes of an older answer. */
function has(bytes: Buffer, wanted: Buffer, start: number, end: number): boolean {
  const at = bytes.indexOf(wanted, start);
  return at >= 0 && at + wanted.length <= end;
}

function text(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, Math.min(end, start + TEXT_SIZE));
}
