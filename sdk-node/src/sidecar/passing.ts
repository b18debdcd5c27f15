// passing: connections that do not wait for the sidecar.

import { once } from '../core/state.js';

const passing = once('passing', () => ({ depth: 0 }));

/**
 * Calls `connect`; no connection that it begins before it returns waits for the sidecar. For the
 * probe, for direct addresses, and for what has waited already.
 */
export function atOnce<T>(connect: () => T): T {
  passing.depth++;
  try {
    return connect();
  } finally {
    passing.depth--;
  }
}

/** Is a connection that begins now one that does not wait? */
export function passes(): boolean {
  return passing.depth > 0;
}
