// log: lines to the host's log, as bytes.
// Test the level first, then put the line together (bytes/text.ts): a line that nobody reads must
// cost no more than a comparison. Per request there are explanations alone, at the level trace.

import { LogLevel, Status } from '../abi/enums';
import { proxy_get_log_level, proxy_log } from '../abi/env';
import { textPtr, textSize } from '../bytes/text';

const cell: usize = memory.data(4, 4);
let threshold: u32 = LogLevel.Info;

/** Asks the host for its level; Info where it does not say. */
export function logInit(): void {
  threshold = proxy_get_log_level(cell) == Status.Ok ? load<u32>(cell) : LogLevel.Info;
}

export function logEnabled(level: LogLevel): bool {
  return <u32>level >= threshold;
}

/** The line that stands in bytes/text.ts. */
export function logText(level: LogLevel): void {
  proxy_log(level, textPtr(), textSize());
}
