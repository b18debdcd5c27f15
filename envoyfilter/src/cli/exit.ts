// exit: how a command ends.

/** All was done. */
export const DONE = 0;
/** The input is wrong, a proxy is unhealthy, two policies differ. */
export const FINDINGS = 1;
/** The command line is wrong. */
export const USAGE = 2;
/** A fault of ours. */
export const OURS = 70;

/** The command line cannot be carried out. The message says what came and what is wanted. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What the user gave is wrong, and the message says so, with its place; exit code 1. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
