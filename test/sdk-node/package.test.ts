// The package as npm would publish it: linted, without dependencies, one state a process.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeBinaries } from '../harness/nodes.js';
import { ROOT } from '../house/files.js';
import { type Packed, packSdk } from './packed.js';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

const nodes = await nodeBinaries();

let packed: Packed;
/** Where an application finds it. */
let home: string;
let manifest: Record<string, unknown> & { exports: Record<string, { default: string }> };

beforeAll(async () => {
  packed = await packSdk();
  home = await packed.install('app');
  manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'));
});
afterAll(() => packed?.remove());

/** Every file of the package. */
async function files(): Promise<string[]> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

/** Runs an ES module below `app` and reads the JSON that it prints. */
async function app(node: string, source: string, ...args: string[]): Promise<unknown> {
  const script = join(packed.folder, 'app', `app-${scripts++}.mjs`);
  await writeFile(script, source);
  const { stdout, stderr } = await run(node, [...args, script], {
    cwd: join(packed.folder, 'app'),
    env: { TAGALONG_SIDECAR: 'none' },
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}
let scripts = 0;

describe('the package', () => {
  it('has nothing that publint would say', async () => {
    const { messages } = await publint({ pkgDir: home, strict: true });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  it('has types that every kind of resolution finds', async () => {
    const attw = join(require.resolve('@arethetypeswrong/cli/package.json'), '../dist/index.js');
    const args = [attw, packed.tarball, '--format', 'json', '--no-definitely-typed'];
    const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 26 }).catch(
      (error) => error,
    );
    const { analysis, problems } = JSON.parse(stdout);
    expect(analysis.types).toMatchObject({ kind: 'included' });
    expect(problems ?? {}).toEqual({});
  });

  it('depends on nothing', async () => {
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('optionalDependencies');
    expect(manifest).not.toHaveProperty('bundleDependencies');
    expect(manifest).not.toHaveProperty('scripts.postinstall');
    const peers = Object.keys(manifest.peerDependencies ?? {});
    const optional = manifest.peerDependenciesMeta as Record<string, { optional: boolean }>;
    expect(peers.filter((peer) => !optional[peer]?.optional)).toEqual([]);
  });

  it('requires only Node and itself when it is loaded', async () => {
    const found: string[] = [];
    for (const file of (await files()).filter((one) => one.endsWith('.js'))) {
      // At the start of a line: what is required while a call is made is indented.
      for (const [, id = ''] of (await readFile(file, 'utf8')).matchAll(
        /^\S.*\brequire\("(.+?)"\)/gm,
      )) {
        if (!id.startsWith('./') && !id.startsWith('../') && !isBuiltin(id)) found.push(id);
      }
    }
    expect(found).toEqual([]);
  });

  it('holds what was built from its sources, its types and a README, and nothing else', async () => {
    const sources = (await readdir(join(ROOT, 'sdk-node/src'), { recursive: true }))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => name.replace(/\.ts$/, ''));
    const entries = Object.values<{ default?: string }>(manifest.exports).flatMap(
      ({ default: path }) => (path === undefined ? [] : [path.slice('./'.length)]),
    );
    const chunks = ['dist/core.js', 'dist/rest.js'];
    const built = [...sources.map((name) => `dist/${name}.d.ts`), ...entries, ...chunks];
    const names = (await files())
      .map((path) => path.slice(home.length + 1))
      .filter((name) => !name.endsWith('.js.map'));
    const others = ['README.md', 'dist/package.json', 'package.json'];
    expect(names.filter((name) => name !== 'LICENSE').sort()).toEqual([...built, ...others].sort());
  });
});

describe.each(nodes)('on Node $major', ({ path: node }) => {
  it('every entry loads by import and by require, with the same names', async () => {
    const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json');
    const found = await app(
      node,
      `import { createRequire } from 'node:module';
       const require = createRequire(import.meta.url);
       const found = {};
       for (const entry of ${JSON.stringify(entries)}) {
         const name = '@tagalong/node' + entry.slice(1);
         const required = require(name);
         const imported = await import(name);
         found[entry] = {
           required: Object.keys(required).sort(),
           imported: Object.keys(imported).filter((key) => !['default', 'module.exports', '__esModule'].includes(key)).sort(),
           same: Object.keys(required).every((key) => required[key] === imported[key]),
         };
       }
       console.log(JSON.stringify(found));`,
    );
    for (const entry of entries) {
      const { required, imported, same } = (found as Record<string, Record<string, unknown>>)[
        entry
      ]!;
      expect([entry, imported, same]).toEqual([entry, required, true]);
      if (entry !== './register') expect(required).not.toEqual([]);
    }
  });

  it('names can be imported by name', async () => {
    const found = await app(
      node,
      `import { bucket, configure, current, extract, inject, run, sidecar, TagalongError } from '@tagalong/node';
       console.log(JSON.stringify([bucket, configure, current, extract, inject, run, TagalongError].map((one) => typeof one).concat(typeof sidecar)));`,
    );
    expect(found).toEqual([...Array(7).fill('function'), 'object']);
  });

  it('import, require and a second copy share one state', async () => {
    await packed.install(`app/other-${process.pid}-${scripts}`);
    const other = `./other-${process.pid}-${scripts}/node_modules/@tagalong/node/dist/index.js`;
    const found = await app(
      node,
      `import { createRequire } from 'node:module';
       import { configure, current, extract, inject, run } from '@tagalong/node';
       const require = createRequire(import.meta.url);
       const required = require('@tagalong/node');
       const copy = require(${JSON.stringify(other)});
       configure({ mode: 'participate', headers: ['x-a'] });
       const context = extract({ b3: '0', 'x-a': '1' });
       const seen = run(context, () => [
         required.current() === context,
         copy.current() === context,
         copy.inject({}, 'reviews'),
       ]);
       let late;
       try { copy.configure({}); } catch (error) { late = error.code; }
       console.log(JSON.stringify({
         distinct: copy.run !== run,
         seen,
         copied: [...copy.extract({ 'x-a': '2' }).headers.keys()],
         foreign: inject({}, 'reviews', copy.extract({ b3: 'd', 'x-a': '3' })),
         back: copy.run(copy.extract({ 'x-a': '4' }), () => inject({ b3: '1' }, 'reviews')),
         outside: current() === undefined,
         late,
       }));`,
    );
    expect(found).toEqual({
      distinct: true,
      seen: [true, true, { b3: '0', 'x-a': '1' }],
      copied: ['traceparent', 'x-a'],
      foreign: { b3: 'd', 'x-a': '3' },
      back: { b3: '1', 'x-a': '4' },
      outside: true,
      late: 'TAGALONG_CONFIG',
    });
  });

  it('registers once, by flag, by a second copy and by import', async () => {
    await packed.install('app/second');
    const found = await app(
      node,
      `import '@tagalong/node/register';
       import { createServer, get } from 'node:http';
       const server = createServer((request, response) => {
         const names = request.rawHeaders.filter((_, i) => i % 2 === 0);
         if (request.url === '/inner') return response.end(JSON.stringify(names));
         get({ port: server.address().port, path: '/inner' }, (inner) => inner.pipe(response));
       }).listen(0, () => {
         const { port } = server.address();
         get({ port, headers: { b3: '0' } }, async (response) => {
           let text = '';
           for await (const chunk of response) text += chunk;
           console.log(text);
           server.close();
           server.closeAllConnections();
         });
       });`,
      '--import',
      '@tagalong/node/register',
      '--require',
      join(packed.folder, 'app/second/node_modules/@tagalong/node/dist/register.js'),
    );
    expect((found as string[]).filter((name) => name.toLowerCase() === 'b3')).toHaveLength(1);
  });
});

/** Programs that use the package, as TypeScript sees it from outside. */
describe('its types', () => {
  const short = `
    import { configure, extract, type Hop, inject, TagalongError } from '@tagalong/node';
    import '@tagalong/node/register';
    configure({ mode: 'participate', headers: ['x-a', { name: 'b', as: 'c' }] });
    const hop: Hop = { via: 'direct', address: 'a:1', plaintext: true };
    const carried: { a: string } = inject({ a: '1' }, 'reviews', extract({}));
    export const found = [hop, carried.a, new TagalongError('TAGALONG_CONFIG', '').code];
  `;
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const node = { types: ['node'], ...strict };
  const kinds: [string, string, object][] = [
    ['an ES module, nodenext', 'esm.mts', { module: 'nodenext', ...node }],
    ['CommonJS, nodenext', 'cjs.cts', { module: 'nodenext', ...node }],
    ['CommonJS, node16', 'old.cts', { module: 'node16', ...node }],
    ['a bundler', 'bundled.ts', { module: 'esnext', moduleResolution: 'bundler', ...node }],
    [
      'optional properties that may be undefined',
      'lax.mts',
      { module: 'nodenext', types: ['node'], strict: true },
    ],
    ['what is not strict', 'loose.mts', { module: 'nodenext', types: ['node'], strict: false }],
    // Options of TLS are of node:tls: who has no types of Node skips the check of libraries.
    [
      'who has the types of a browser, and none of Node',
      'browser.mts',
      { module: 'nodenext', types: [], lib: ['es2023', 'dom'], skipLibCheck: true, ...strict },
    ],
  ];

  it.each(kinds)('serve %s', async (_, name, compilerOptions) => {
    const folder = join(packed.folder, 'app');
    const types = join(folder, 'node_modules/@types');
    if (!existsSync(types)) await symlink(join(ROOT, 'node_modules/@types'), types);
    const whole = await readFile(join(ROOT, 'test/sdk-node/types.ts'), 'utf8');
    const program = whole
      .replace("'../../sdk-node/src/index.js'", "'@tagalong/node'")
      .replace("'../../sdk-node/src/http.js'", "'@tagalong/node/http'");
    await writeFile(
      join(folder, name),
      'exactOptionalPropertyTypes' in compilerOptions && name !== 'browser.mts' ? program : short,
    );
    const config = join(folder, `${name}.json`);
    const base = { target: 'es2023', noEmit: true, skipLibCheck: false };
    await writeFile(
      config,
      JSON.stringify({ compilerOptions: { ...base, ...compilerOptions }, files: [name] }),
    );
    const { stdout } = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', config]).catch(
      (error) => error,
    );
    expect(stdout).toBe('');
  });
});
