// hold: a new connection waits until the sidecar was ready once, for a bounded time.

/**
 * Undefined: nothing to wait for, go on. Else `go` is called when the sidecar is ready, when it
 * turns out that there is none, or when `holdMs` is over; what is returned gives up waiting.
 */
export function hold(_authority: string, _go: () => void): (() => void) | undefined {
  return undefined;
}
