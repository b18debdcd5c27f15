// body: can what a call sends be sent once more?

/** A body as it is dispatched, and whether it may be dispatched again. */
export interface Body {
  readonly value: unknown;
  replayable(): boolean;
}

const ALWAYS = () => true;

/** Forms that undici reads anew each time. */
function isWhole(body: unknown): boolean {
  return (
    body === null ||
    body === undefined ||
    typeof body === 'string' ||
    ArrayBuffer.isView(body) ||
    body instanceof ArrayBuffer ||
    ['Blob', 'File', 'FormData'].includes(
      (body as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? '',
    )
  );
}

/** `source`: what the body was made of, where that is known and the body itself can be read once. */
export function bodyOf(body: unknown, source: unknown): Body {
  if (isWhole(body)) return { value: body, replayable: ALWAYS };
  const whole = wholeOf(source);
  if (whole !== undefined) return { value: whole, replayable: ALWAYS };
  const stream = body as {
    pipe?: unknown;
    readableDidRead?: boolean;
    destroyed?: boolean;
    [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
  };
  if (typeof stream.pipe === 'function') {
    return {
      value: body,
      replayable: () => stream.readableDidRead === false && stream.destroyed !== true,
    };
  }
  if (typeof stream[Symbol.asyncIterator] !== 'function') {
    return { value: body, replayable: () => false };
  }
  let touched = false;
  const value = {
    [Symbol.asyncIterator]() {
      touched = true;
      return stream[Symbol.asyncIterator]!();
    },
  };
  return { value, replayable: () => !touched };
}

/** A body of fetch's as one buffer; undefined: it has none that may be sent twice. */
function wholeOf(source: unknown): Buffer | undefined {
  if (typeof source === 'string') return Buffer.from(source);
  if (source instanceof URLSearchParams) return Buffer.from(source.toString());
  if (ArrayBuffer.isView(source)) {
    return Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  }
  return source instanceof ArrayBuffer ? Buffer.from(source) : undefined;
}
