// warn: what is said to the operator, once a process for each thing that there is to say.

import { state } from './state.js';

/** Who calls ever other hosts would fill his log with them otherwise. */
const SAID_MAX = 1024;

/**
 * A process warning of type TagalongWarning (`--trace-warnings` shows where, `--disable-warning`
 * silences), the first time that `about` comes up; at most SAID_MAX of them.
 */
export function warnOnce(about: string, message: string): void {
  const { said } = state;
  if (said.has(about) || said.size > SAID_MAX) return;
  said.add(about);
  const text =
    said.size > SAID_MAX ? `${SAID_MAX} warnings were given: there are no more.` : message;
  process.emitWarning(text, { type: 'TagalongWarning', code: 'TAGALONG' });
}
