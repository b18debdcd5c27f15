// progress: what the user sees while Envoy is being fetched.
// Promise: on a terminal one moving line, elsewhere a plain line every few seconds; the first event
// and the last always show.

/** One event of a fetch. */
export interface Progress {
  readonly phase: 'waiting' | 'installing' | 'done' | 'failed';
  readonly version: string;
  readonly elapsedMs: number;
  /** Bytes on disk so far, download and unpacked files together; undefined where not known. */
  readonly bytes: number | undefined;
  /** Who is at it, e.g. 'python3 -m pip' or 'process 4711'; where Envoy is now, for 'done'. */
  readonly detail: string;
}

/** The part of a stream that the reporter needs; `process.stderr` fits. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const PLAIN_EVERY_MS = 5_000;
const CLEAR_LINE = '\r\x1b[2K';

/** One event as a sentence without line end. */
export function describeProgress(event: Progress): string {
  const seconds = `${Math.round(event.elapsedMs / 1000)} s`;
  const size = event.bytes ? `, ${Math.round(event.bytes / 1e6)} MB` : '';
  switch (event.phase) {
    case 'waiting':
      return `Envoy ${event.version}: ${event.detail} is fetching it, waiting ${seconds}`;
    case 'installing':
      return `Envoy ${event.version}: fetching it once, by ${event.detail}, ${seconds}${size}`;
    case 'done':
      return `Envoy ${event.version}: ready after ${seconds} in ${event.detail}`;
    case 'failed':
      return `Envoy ${event.version}: could not be fetched, after ${seconds}`;
  }
}

/** Makes a listener for `findEnvoy({ progress })` that writes to the stream. */
export function reportProgress(stream: ProgressStream = process.stderr): (event: Progress) => void {
  let phase = '';
  let shownAtMs = 0;
  return (event) => {
    const text = describeProgress(event);
    const ends = event.phase === 'done' || event.phase === 'failed';
    if (stream.isTTY) {
      stream.write(CLEAR_LINE + text + (ends ? '\n' : ''));
      return;
    }
    if (!ends && event.phase === phase && event.elapsedMs - shownAtMs < PLAIN_EVERY_MS) return;
    phase = event.phase;
    shownAtMs = event.elapsedMs;
    stream.write(`${text}\n`);
  };
}
