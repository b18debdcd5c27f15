// What the documents say of the tree is true of it.

import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { projectFiles, ROOT, read } from './files.js';

/** Paths in a document: words in backquotes that start with a file or folder of the top level. */
function pathsIn(document: string): string[] {
  const top = new Set(projectFiles().map((path) => path.split('/')[0]));
  return [...document.matchAll(/`([\w.@/-]+)`/g)]
    .map(([, word = '']) => word)
    .filter((word) => word.includes('/') && top.has(word.split('/')[0]));
}

/** Every folder and file that ARCHITECTURE.md's code map must know. */
function folders(): string[] {
  const nested = projectFiles()
    .filter((path) => /^(filter\/assembly|envoyfilter\/src|sdk-node\/src|test)\//.test(path))
    .map((path) => path.split('/').slice(0, path.startsWith('test/') ? 2 : 3))
    .map((parts) => parts.join('/'))
    .filter((path) => !/\.\w+$/.test(path));
  return [...new Set(nested)].sort();
}

describe('ARCHITECTURE.md', () => {
  const document = read('ARCHITECTURE.md');

  it('has at most 200 lines', () => {
    expect(document.trimEnd().split('\n').length).toBeLessThanOrEqual(200);
  });

  it('names only paths that exist', () => {
    const paths = pathsIn(document);
    expect(paths.length).toBeGreaterThan(20);
    // What a build makes is not in a clone.
    const missing = paths.filter(
      (path) => !path.includes('/dist/') && !existsSync(`${ROOT}/${path}`),
    );
    expect(missing).toEqual([]);
  });

  it('names every folder of source and tests', () => {
    const named = pathsIn(document).map((path) => path.replace(/\/$/, ''));
    const unknown = folders().filter(
      (folder) =>
        folder !== 'test' &&
        !named.some((path) => path === folder || path.startsWith(`${folder}/`)),
    );
    expect(unknown).toEqual([]);
  });
});

describe('README.md', () => {
  const document = read('README.md');

  it('is about one screen', () => {
    expect(document.trimEnd().split('\n').length).toBeLessThanOrEqual(80);
  });

  it('names only paths and scripts that exist', () => {
    expect(pathsIn(document).filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([]);
    const { scripts } = JSON.parse(read('package.json'));
    for (const [, script = ''] of document.matchAll(/npm run ([\w:]+)/g)) {
      expect(scripts).toHaveProperty([script]);
    }
  });
});

describe('the tree', () => {
  it('keeps the top level of the design', () => {
    const wanted = [
      ...[
        'ARCHITECTURE.md',
        'LICENSE',
        'README.md',
        'asconfig.json',
        'bench',
        'envoyfilter',
        'filter',
      ],
      ...['package-lock.json', 'package.json', 'sdk-node', 'test', 'tsconfig.json'],
    ];
    const top = [...new Set(projectFiles().map((path) => path.split('/')[0] ?? ''))];
    expect(top.filter((name) => !name.startsWith('.')).sort()).toEqual(wanted.sort());
  });

  it('locks versions, and no registry', () => {
    const lock = JSON.parse(read('package-lock.json'));
    const hosts = Object.values<{ resolved?: string }>(lock.packages)
      .map(({ resolved }) => resolved ?? '')
      .filter((resolved) => resolved.includes('://'));
    expect(hosts).toEqual([]);
  });
});
