// duration: the policy's durations, and as protobuf's JSON has them: seconds with a fraction.

import { RenderError } from './options.js';

const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds of `250ms`, `10s`, `1.5s`, `2m`, `1h`, `30d`. @throws RenderError */
export function secondsOf(duration: string): number {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|[smhd])$/.exec(duration) ?? [];
  if (unit === '') {
    throw new RenderError(
      `found the duration ${JSON.stringify(duration)}, wanted one such as 250ms, 10s or 1m`,
    );
  }
  // To the nanosecond, which is all that protobuf has: 0.1 + 0.2 must not show.
  return Number((Number(count) * SECONDS[unit as keyof typeof SECONDS]).toFixed(9));
}

/** `0.25s` of `250ms`. */
export function protoDuration(duration: string): string {
  return `${secondsOf(duration)}s`;
}
