// init: writes a policy to begin with. Asks nothing, overwrites nothing unless told to.

import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DONE, InputError } from '../exit.js';
import { FIRST_POLICY } from '../first-policy.js';
import type { Terminal } from '../terminal.js';

export interface InitOptions {
  readonly force?: boolean;
  readonly format: 'text' | 'json';
}

/** @param file `-` is the standard output */
export async function runInit(
  file: string,
  { force = false, format }: InitOptions,
  terminal: Terminal,
): Promise<number> {
  if (file === '-') {
    terminal.out(format === 'json' ? jsonOf({ text: FIRST_POLICY }) : FIRST_POLICY);
    return DONE;
  }
  try {
    await writeFile(resolve(terminal.cwd, file), FIRST_POLICY, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new InputError(`found ${file} there already, wanted another name, or --force`);
    }
    throw new InputError(`${file} cannot be written: ${message}`);
  }
  if (format === 'json') {
    terminal.out(jsonOf({ file }));
    return DONE;
  }
  terminal.err(
    `${file} is written. Next:\n` +
      `  tagalong validate ${file}\n` +
      `  tagalong explain -f ${file} 'GET /checkout' -H 'cookie: beta=1'\n` +
      `  tagalong render ${file} --as envoyfilter\n`,
  );
  return DONE;
}

function jsonOf(value: { readonly text: string } | { readonly file: string }): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
