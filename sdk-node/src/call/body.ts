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

/** What a body was made of, where that is known and the body itself can be read once. */
export type Source = string | Buffer | undefined;

/** `source`: see `snapshotOf`. */
export function bodyOf(body: unknown, source: Source): Body {
  if (isWhole(body)) return { value: body, replayable: ALWAYS };
  if (source !== undefined)
    return { value: typeof source === 'string' ? Buffer.from(source) : source, replayable: ALWAYS };
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

/**
 * A body of fetch's as it is now: what the caller changes after the call is not sent, be it held or
 * repeated. Undefined: it has none, or one that may not be sent twice.
 */
export function snapshotOf(body: unknown): Source {
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  if (body instanceof ArrayBuffer) return Buffer.from(new Uint8Array(body));
  if (!ArrayBuffer.isView(body)) return undefined;
  return Buffer.from(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
}
