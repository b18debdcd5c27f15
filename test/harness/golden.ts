// golden: what is expected to be written, as files. UPDATE_GOLDEN=1 writes them; read the difference
// before it is committed.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/** Compares with files of the folder `golden` beside the test. @param url the test's import.meta.url */
export function goldenBeside(url: string): (name: string, text: string) => void {
  return (name, text) => {
    const path = goldenPath(url, name);
    if (process.env.UPDATE_GOLDEN === '1') {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    expect(text).toBe(readFileSync(path, 'utf8'));
  };
}

/** Of the file itself. */
export function goldenPath(url: string, name: string): string {
  return fileURLToPath(new URL(`golden/${name}`, url));
}
