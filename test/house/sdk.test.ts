// The SDK's folders: imports point one way, and what is called pure is.

import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, projectFiles, read } from './files.js';

const SOURCE = 'sdk-node/src/';

/** Each folder may import itself and those before it; the entries beside them all of these. */
const ORDER = ['core', 'headers', 'trace', 'options', 'context', 'sidecar', 'call', 'patch'];

/** Folders and files that read and change nothing but what they are given, and what they may load. */
const PURE: Record<string, readonly string[]> = {
  'core/bucket.ts': [],
  'core/errors.ts': [],
  // For a type only.
  'core/hop.ts': ['node:tls'],
  'headers/': ['node:net'],
  'options/options.ts': [],
  'trace/': [],
};
/** Not pure in a pure folder: random ids. */
const IMPURE: Record<string, readonly string[]> = { 'trace/ids.ts': ['node:crypto'] };

const files = projectFiles()
  .filter((path) => path.startsWith(SOURCE))
  .map((path) => path.slice(SOURCE.length));

function importsFrom(file: string): string[] {
  return importsOf(read(SOURCE + file)).map((to) =>
    to.startsWith('.') ? posix.join(posix.dirname(file), to) : to,
  );
}

const folderOf = (path: string) => (path.includes('/') ? path.split('/')[0]! : '');

/** The code of a file without its comments. */
function codeOf(file: string): string {
  return read(SOURCE + file).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, '');
}

describe('the SDK', () => {
  it('has the folders that have an order, each with files', () => {
    expect([...new Set(files.map(folderOf).filter(Boolean))].sort()).toEqual([...ORDER].sort());
  });

  it.each(ORDER)('imports in %s point to the folders before it', (folder) => {
    const allowed = ORDER.slice(0, ORDER.indexOf(folder) + 1);
    const wrong = files
      .filter((file) => folderOf(file) === folder)
      .flatMap((file) => importsFrom(file).map((to) => ({ file, to })))
      .filter(({ to }) => !to.startsWith('node:') && !allowed.includes(folderOf(to)));
    expect(wrong).toEqual([]);
  });

  it('files import no entry', () => {
    const wrong = files.flatMap((file) =>
      importsFrom(file)
        .filter((to) => !to.startsWith('node:') && folderOf(to) === '')
        .map((to) => ({ file, to })),
    );
    expect(wrong).toEqual([]);
  });

  it('index only re-exports', () => {
    const code = codeOf('index.ts').trim();
    expect(code.replace(/export (type )?\{[^}]*\} from '[^']+';/g, '').trim()).toBe('');
  });

  it.each(Object.entries(PURE))('%s is pure', (place, builtins) => {
    const pure = files.filter((file) => file.startsWith(place) && !(file in IMPURE));
    expect(pure.length).toBeGreaterThan(0);
    for (const file of pure) {
      const loaded = importsFrom(file).filter((to) => to.startsWith('node:'));
      expect({ file, loaded: loaded.filter((to) => !builtins.includes(to)) }).toEqual({
        file,
        loaded: [],
      });
      const effects =
        /\b(process|globalThis|global|console|Date|performance|setTimeout)\b|Math\.random/;
      expect({ file, effect: effects.exec(codeOf(file))?.[0] }).toEqual({
        file,
        effect: undefined,
      });
    }
  });

  it.each(Object.entries(IMPURE))('%s loads what it must, and no more', (file, builtins) => {
    expect(importsFrom(file).filter((to) => to.startsWith('node:'))).toEqual(builtins);
  });
});
