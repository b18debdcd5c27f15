// answers: HTTP/1.1 responses, one behind the other, from whatever pieces they come in; found in
// place, without a string or a copy where a piece ends with a response, as it does nearly always.
// Assumes: a body has a content-length, written as Envoy (lower case) or Node writes it; no request
// was HEAD. All else is unreadable. (test/harness/response-scanner.ts tells statuses alone.)

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const LENGTHS = [Buffer.from('\r\ncontent-length: '), Buffer.from('\r\nContent-Length: ')];
const START = Buffer.from('HTTP/1.');
/** Of `HTTP/1.1 200`: where its digits begin and end. */
const STATUS_AT = 9;
const STATUS_END = 12;
const ZERO = 0x30;
const NOTHING = Buffer.alloc(0);
const UNKNOWN = -1;

export interface AnswerSink {
  /** A response from `start` to `end`; its bytes are to be used at once, or copied. */
  answer(status: number, bytes: Buffer, start: number, end: number): void;
}

export class AnswerReader {
  /** The beginning of a response whose end has not come. */
  #rest: Buffer = NOTHING;

  /**
   * @param buffer with a piece in its first `size` bytes; what is behind them is not looked at
   * @returns false where the rest makes no sense
   */
  read(buffer: Buffer, size: number, sink: AnswerSink): boolean {
    if (this.#rest.length === 0) return this.#scan(buffer, size, sink);
    const all = Buffer.concat([this.#rest, buffer.subarray(0, size)]);
    return this.#scan(all, all.length, sink);
  }

  #scan(bytes: Buffer, size: number, sink: AnswerSink): boolean {
    let at = 0;
    while (at < size) {
      const head = bytes.indexOf(END_OF_HEAD, at);
      if (head < 0 || head + END_OF_HEAD.length > size) break;
      if (bytes.compare(START, 0, START.length, at, at + START.length) !== 0) return false;
      const status = digits(bytes, at + STATUS_AT, at + STATUS_END);
      const body = sizeOfBody(bytes, at, head, status);
      if (status === UNKNOWN || body === UNKNOWN) return false;
      const end = head + END_OF_HEAD.length + body;
      if (end > size) break;
      // 1xx are no answers.
      if (status >= 200) sink.answer(status, bytes, at, end);
      at = end;
    }
    // A copy: the next read writes into the same buffer.
    this.#rest = at === size ? NOTHING : Buffer.from(bytes.subarray(at, size));
    return true;
  }
}

function sizeOfBody(bytes: Buffer, start: number, head: number, status: number): number {
  if (status < 200 || status === 204 || status === 304) return 0;
  for (const length of LENGTHS) {
    const at = bytes.indexOf(length, start);
    if (at >= 0 && at < head) return digits(bytes, at + length.length, head);
  }
  return UNKNOWN;
}

function digits(bytes: Buffer, at: number, end: number): number {
  let value = UNKNOWN;
  for (let i = at; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = Math.max(value, 0) * 10 + digit;
  }
  return value;
}
