// response-scanner: the statuses of HTTP/1.1 responses, one behind the other, from whatever pieces
// they come in. Assumes: names of headers in lower case, as Envoy writes them; bodies are short and
// have a content-length (or the status has none), and no request was HEAD. All else is not readable.

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('\r\ncontent-length: ');
/** Of `HTTP/1.1 200`, and where its digits begin. */
const STATUS_END = 12;
const STATUS_AT = 9;
const START = Buffer.from('HTTP/1.');
const ZERO = 0x30;

const BODILESS = new Set([204, 304]);
const NOTHING = Buffer.alloc(0);

export class ResponseScanner {
  /** The beginning of a response whose end has not come. */
  #rest: Buffer = NOTHING;

  /** Calls `seen` for each response that ends in this piece; false = the rest makes no sense. */
  scan(piece: Buffer, seen: (status: number) => void): boolean {
    const all = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = 0;
    while (at < all.length) {
      const head = all.indexOf(END_OF_HEAD, at);
      if (head < 0) break;
      if (all.compare(START, 0, START.length, at, at + START.length) !== 0) return false;
      const status = digits(all, at + STATUS_AT, at + STATUS_END);
      const size = sizeOfBody(all, at, head, status);
      if (status < 0 || size < 0) return false;
      const end = head + END_OF_HEAD.length + size;
      if (end > all.length) break;
      // 1xx are no answers.
      if (status >= 200) seen(status);
      at = end;
    }
    // A copy: the piece is the reader's buffer, which the next read writes into.
    this.#rest = at === all.length ? NOTHING : Buffer.from(all.subarray(at));
    return true;
  }
}

/** -1 = not told. */
function sizeOfBody(all: Buffer, start: number, head: number, status: number): number {
  if (status < 200 || BODILESS.has(status)) return 0;
  const at = all.subarray(start, head).indexOf(LENGTH);
  return at < 0 ? -1 : digits(all, start + at + LENGTH.length, head);
}

/** The number that begins at `at`: -1 = none. */
function digits(all: Buffer, at: number, end: number): number {
  let value = -1;
  for (let i = at; i < end; i++) {
    const digit = (all[i] as number) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = Math.max(value, 0) * 10 + digit;
  }
  return value;
}
