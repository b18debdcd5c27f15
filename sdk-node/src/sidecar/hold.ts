// hold: a new connection waits until the sidecar was ready once, for a bounded time.
// Promise: what waits is kept alive (a process whose only work is a connection that waits has not
// ended), goes on in the async context that it came from, and waits once, whoever asks.

import { AsyncResource } from 'node:async_hooks';
import { type Channels, holdChannel } from '../core/channels.js';
import { warnOnce } from '../core/warn.js';
import { peekSettings } from '../options/settings.js';
import { life } from './life.js';
import { atOnce, passes } from './passing.js';
import { release } from './release.js';

/** A connection that waits. */
export interface Held {
  /** Gives up waiting: `go` is not called. */
  cancel(): void;
  /** Whether the process stays alive for it, as of a socket; at first it does. */
  ref(): void;
  unref(): void;
}

/**
 * Undefined: nothing to wait for, go on. Else `go` is called when the sidecar is ready, when it
 * turns out that there is none, or when `holdMs` is over; what is returned gives up waiting. `go`
 * is never called before this function has returned; what it connects at once waits no more.
 */
export function hold(authority: string, go: () => void): (() => void) | undefined {
  return wait(authority, go)?.cancel;
}

/** As `hold`, for who has more to say. */
export function wait(authority: string, go: () => void): Held | undefined {
  if (passes()) return undefined;
  const sidecar = life();
  if (sidecar.state !== 'starting' || sidecar.wasReady) return undefined;
  const { holdMs, probe } = peekSettings().sidecar;
  if (holdMs === 0) return undefined;
  let givenUp = false;
  const resume = AsyncResource.bind(() => {
    if (!givenUp) atOnce(go);
  }, 'TAGALONG_HOLD');
  const sinceMs = performance.now();
  const end = (ended: Channels['tagalong:hold']['ended']): boolean => {
    if (timer === undefined) return false;
    clearTimeout(timer);
    timer = undefined;
    unwatch();
    if (holdChannel.hasSubscribers) {
      holdChannel.publish({ authority, ms: performance.now() - sinceMs, ended });
    }
    return true;
  };
  const unwatch = sidecar.watch((to) => {
    if (to !== 'starting' && end(to === 'none' ? 'none' : 'ready')) release(resume);
  });
  let timer: NodeJS.Timeout | undefined = setTimeout(() => {
    if (!end('timeout')) return;
    warnOnce(
      'hold',
      `A connection to ${authority} has waited ${holdMs} ms for the sidecar, which is not ready at ${probe}, and goes on without. If there is no sidecar, set TAGALONG_SIDECAR=none.`,
    );
    resume();
  }, holdMs);
  return {
    cancel: () => {
      givenUp = true;
      end('abort');
    },
    ref: () => void timer?.ref(),
    unref: () => void timer?.unref(),
  };
}
