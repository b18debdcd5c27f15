// requests: the file of requests that `explain` and `diff` are given.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readRequests } from '../explain/requests.js';
import { RequestSyntaxError, type SentRequest } from '../explain/sent-request.js';
import { InputError } from './exit.js';
import { type Terminal, utf8 } from './terminal.js';

/**
 * @param name a file, or `-` for the standard input
 * @throws InputError with file and line
 */
export async function requestsOf(terminal: Terminal, name: string): Promise<SentRequest[]> {
  const isStdin = name === '-';
  const shown = isStdin ? '<stdin>' : name;
  const text = isStdin ? terminal.stdin() : textOf(resolve(terminal.cwd, name));
  const readable = await text.catch((error: unknown) => {
    if (error instanceof TypeError) throw new InputError(`${shown}: ${error.message}`);
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'EACCES') throw error;
    throw new InputError(`${shown}: cannot be read (${code}), wanted a file of requests`);
  });
  try {
    return readRequests(readable, shown);
  } catch (error) {
    if (error instanceof RequestSyntaxError) throw new InputError(error.message);
    throw error;
  }
}

async function textOf(file: string): Promise<string> {
  return utf8(await readFile(file));
}
