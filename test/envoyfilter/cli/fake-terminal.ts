// fake-terminal: the command `tagalong` as a test runs it, in this process.

import { main } from '../../../envoyfilter/src/cli/main.js';

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `cwd`: where it runs; `stdin`: what comes on the standard input; `colour`: as on a terminal. */
export async function tagalong(
  args: readonly string[],
  { cwd = process.cwd(), stdin = '', colour = false } = {},
): Promise<Run> {
  let out = '';
  let err = '';
  const code = await main(
    args,
    {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      colour: { out: colour, err: colour },
      stdin: async () => stdin,
      signal: new AbortController().signal,
      cwd,
      env: {},
    },
    '0.0.0',
  );
  return { code, out, err };
}
