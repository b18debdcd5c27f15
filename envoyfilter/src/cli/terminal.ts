// terminal: where a command reads from and writes to. Data goes to `out`, messages to `err`.
// Promise: colour on a terminal only, and never where NO_COLOR is set; tests give their own.

import { styleText } from 'node:util';
import { UsageError } from './exit.js';

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Is what goes to `out`, or to `err`, coloured? */
  readonly colour: { readonly out: boolean; readonly err: boolean };
  /**
   * All of the standard input, which is there once.
   * @throws TypeError where it is no UTF-8, UsageError where it was read before
   */
  stdin(): Promise<string>;
  /** Aborted when the user ends the command, if somebody has asked for it before. */
  readonly signal: AbortSignal;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Text in a style, or as it is. */
export function paint(colour: boolean, style: Style, text: string): string {
  return colour ? styleText(style, text, { validateStream: false }) : text;
}

/** @throws TypeError where it is no UTF-8 */
export function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new TypeError('found bytes that are no UTF-8, wanted text');
  }
}

/** The process's own. */
export function processTerminal(): Terminal {
  const { stdout, stderr, stdin, env } = process;
  let read = false;
  let stopped: AbortController | undefined;
  const coloured = (stream: NodeJS.WriteStream) => {
    if (env.NO_COLOR || env.FORCE_COLOR === '0' || env.FORCE_COLOR === 'false') return false;
    return Boolean(env.FORCE_COLOR) || (stream.isTTY === true && env.TERM !== 'dumb');
  };
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    colour: { out: coloured(stdout), err: coloured(stderr) },
    stdin: async () => {
      if (read) throw new UsageError('found - twice, wanted it once: it is the standard input');
      read = true;
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(chunk as Buffer);
      return utf8(Buffer.concat(chunks));
    },
    get signal() {
      // Not before it is asked for: a command that works without a pause would not see it, and
      // could not be ended.
      if (stopped === undefined) stopped = abortedBySignals();
      return stopped.signal;
    },
    cwd: process.cwd(),
    env,
  };
}

function abortedBySignals(): AbortController {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // The second one ends the process as it would without us.
    process.once(signal, () => stopped.abort(signal));
  }
  return stopped;
}
