// warn: what is said to the operator, once a process for each thing that there is to say.

import { state } from './state.js';

/** Warnings kept in mind; beyond that the oldest may be said again. */
const SAID_MAX = 1024;

/**
 * A process warning of type TagalongWarning (`--trace-warnings` shows where, `--disable-warning`
 * silences), the first time that `about` comes up.
 */
export function warnOnce(about: string, message: string): void {
  const { said } = state;
  if (said.has(about)) return;
  if (said.size >= SAID_MAX) said.clear();
  said.add(about);
  process.emitWarning(message, { type: 'TagalongWarning', code: 'TAGALONG' });
}
