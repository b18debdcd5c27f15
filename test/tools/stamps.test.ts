import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  hashSources,
  isBuilt,
  isInstalled,
  markBuilt,
  markInstalled,
  sameLock,
} from './stamps.mjs';

let root: string;

function put(path: string, content: unknown): void {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tagalong stamps-'));
  put('package-lock.json', { packages: { 'node_modules/a': { version: '1.0.0' } } });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('isInstalled', () => {
  it('is false without node_modules, and after the lock file changed', () => {
    expect(isInstalled(root)).toBe(false);
    mkdirSync(join(root, 'node_modules'));
    expect(isInstalled(root)).toBe(false);
    markInstalled(root);
    expect(isInstalled(root)).toBe(true);
    put('package-lock.json', { packages: { 'node_modules/a': { version: '1.0.1' } } });
    expect(isInstalled(root)).toBe(false);
  });

  it("believes npm's own record after an installation by hand", () => {
    put('node_modules/.package-lock.json', {
      packages: { 'node_modules/a': { version: '1.0.0' } },
    });
    expect(isInstalled(root)).toBe(true);
  });
});

describe('sameLock', () => {
  const wanted = {
    packages: {
      '': { name: 'root' },
      filter: { version: '0.1.0' },
      'node_modules/@tagalong/filter': { resolved: 'filter', link: true },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b-other-platform': { version: '1.0.0', optional: true },
    },
  };
  const present = {
    filter: { version: '0.1.0' },
    'node_modules/@tagalong/filter': { resolved: 'filter', link: true },
    'node_modules/a': { version: '1.0.0' },
  };

  it('holds where only the root and optional packages are missing', () => {
    expect(sameLock(wanted, { packages: present })).toBe(true);
  });

  it.each([
    ['a package is missing', { 'node_modules/a': undefined }],
    ['a package has another version', { 'node_modules/a': { version: '1.0.1' } }],
    ['there is one more', { 'node_modules/c': { version: '1.0.0' } }],
    ['a link is not one', { 'node_modules/@tagalong/filter': { version: '0.1.0' } }],
  ])('does not hold where %s', (_, change) => {
    const packages = JSON.parse(JSON.stringify({ ...present, ...change }));
    expect(sameLock(wanted, { packages })).toBe(false);
  });

  it('does not hold for what is no lock file', () => {
    expect(sameLock(undefined, { packages: present })).toBe(false);
    expect(sameLock(wanted, undefined)).toBe(false);
  });
});

describe('isBuilt', () => {
  beforeEach(() => {
    put('filter/assembly/main.ts', 'one');
    put('filter/build.mjs', 'one');
    put('filter/dist/tagalong.wasm', 'binary of one');
    mkdirSync(join(root, 'node_modules'));
    markBuilt(root, hashSources(root));
  });

  it('holds right after a build, also where more came into the output folder', () => {
    put('filter/dist/something.else', '');
    put('filter/README.md', 'not a source');
    expect(isBuilt(root)).toBe(true);
  });

  it.each([
    ['a source changed', 'filter/assembly/main.ts', 'two'],
    ['a source came', 'sdk-node/src/new.ts', ''],
    ['a build script changed', 'filter/build.mjs', 'two'],
    ['the lock file changed', 'package-lock.json', '{}'],
    ['an output is of another build', 'filter/dist/tagalong.wasm', 'binary of two'],
  ])('does not hold where %s', (_, path, content) => {
    put(path, content);
    expect(isBuilt(root)).toBe(false);
  });

  it('does not hold where a source or an output is gone, or a source moved', () => {
    rmSync(join(root, 'filter/dist/tagalong.wasm'));
    expect(isBuilt(root)).toBe(false);
    put('filter/dist/tagalong.wasm', 'binary of one');
    expect(isBuilt(root)).toBe(true);
    rmSync(join(root, 'filter/assembly/main.ts'));
    put('filter/assembly/other.ts', 'one');
    expect(isBuilt(root)).toBe(false);
  });

  it('does not hold where nothing came out', () => {
    rmSync(join(root, 'filter/dist'), { recursive: true });
    markBuilt(root, hashSources(root));
    expect(isBuilt(root)).toBe(false);
  });
});
