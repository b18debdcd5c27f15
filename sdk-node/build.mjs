// build: dist/, as npm publishes it: declarations for each file, and the code in two chunks.
// A file that is opened costs 0.2 to 0.3 ms at the start of a process, and `register` needs some
// forty: core.js is what it reaches, rest.js what the other entries need besides. A module is in one
// of the two, so a process has it once.

import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HOME = fileURLToPath(new URL('.', import.meta.url));
const SRC = `${HOME}src`;
/** Made aside and put in place at the end: who runs the tests meanwhile finds one or the other. */
const DIST = `${HOME}.dist-${process.pid}`;
const ENTRIES = ['index', 'http', 'undici', 'grpc'];
const PEERS = ['undici', 'undici/package.json', '@grpc/grpc-js'];

const OPTIONS = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: true,
  external: PEERS,
  absWorkingDir: HOME,
  logLevel: 'warning',
  banner: { js: "'use strict';" },
};

process.on('exit', () => rmSync(DIST, { recursive: true, force: true }));
const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace(
  'package.json',
  'bin/tsc',
);
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', DIST], {
  cwd: HOME,
  stdio: 'inherit',
});
writeFileSync(`${DIST}/package.json`, JSON.stringify({ type: 'commonjs' }));

const stdin = (contents) => ({ contents, resolveDir: SRC, sourcefile: 'chunk.ts', loader: 'ts' });
const nameOf = (path) => relative('src', path).replace(/\.ts$/, '');

/** The modules of core.js: what `install` reaches. */
const { metafile } = await build({
  ...OPTIONS,
  stdin: stdin(`export * from './patch/install.js'`),
  write: false,
  metafile: true,
});
const core = Object.keys(metafile.inputs)
  .filter((path) => path.startsWith('src/') && !path.endsWith('chunk.ts'))
  .map(nameOf)
  .sort();

await build({
  ...OPTIONS,
  stdin: stdin(core.map((name, i) => `export * as m${i} from './${name}.js';`).join('\n')),
  outfile: `${DIST}/core.js`,
});

await build({
  ...OPTIONS,
  stdin: stdin(ENTRIES.map((name) => `export * as ${name} from './${name}.js';`).join('\n')),
  outfile: `${DIST}/rest.js`,
  plugins: [
    {
      name: 'core',
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, namespace }) => {
          if (namespace === 'core') return { path, external: true };
          const name = relative(SRC, `${resolveDir}/${path}`).replace(/\.js$/, '');
          const at = core.indexOf(name);
          return at < 0 ? undefined : { path: String(at), namespace: 'core' };
        });
        onLoad({ filter: /.*/, namespace: 'core' }, ({ path }) => ({
          contents: `module.exports = require('./core.js').m${path};`,
          resolveDir: DIST,
        }));
      },
    },
  ],
});

// Small files of their own: Node's lexer finds the names for `import` in them.
const rest = createRequire(import.meta.url)(`${DIST}/rest.js`);
for (const entry of ENTRIES) {
  const names = Object.keys(rest[entry]).filter((name) => name !== '__esModule');
  const lines = names.map((name) => `exports.${name} = entry.${name};`);
  writeFileSync(
    `${DIST}/${entry}.js`,
    `'use strict';\nconst entry = require('./rest.js').${entry};\n${lines.join('\n')}\n`,
  );
}
const install = core.indexOf('patch/install');
writeFileSync(
  `${DIST}/register.js`,
  `'use strict';\nrequire('./core.js').m${install}.install();\n`,
);

rmSync(`${HOME}dist`, { recursive: true, force: true });
renameSync(DIST, `${HOME}dist`);
