// terminal: where a command reads from and writes to. Data goes to `out`, messages to `err`.
// Promise: colour on a terminal only, and never where NO_COLOR is set; tests give their own.

import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Is what goes to `out`, or to `err`, coloured? */
  readonly colour: { readonly out: boolean; readonly err: boolean };
  /** All of the standard input. */
  stdin(): Promise<string>;
  /** Aborted when the user ends the command. */
  readonly signal: AbortSignal;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Text in a style, or as it is. */
export function paint(colour: boolean, style: Style, text: string): string {
  return colour ? styleText(style, text, { validateStream: false }) : text;
}

/** The process's own. */
export function processTerminal(signal: AbortSignal): Terminal {
  const { stdout, stderr, stdin, env } = process;
  const coloured = (stream: NodeJS.WriteStream) =>
    env.NO_COLOR
      ? false
      : Boolean(env.FORCE_COLOR) || (stream.isTTY === true && env.TERM !== 'dumb');
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    colour: { out: coloured(stdout), err: coloured(stderr) },
    stdin: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    },
    signal,
    cwd: process.cwd(),
    env,
  };
}
