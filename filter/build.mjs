// build: the release module and the schema beside it, in dist/.
// `--debug` adds a module with names and source map for a debugger.

import { copyFile, mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = fileURLToPath(new URL('dist/', import.meta.url));

await mkdir(dist, { recursive: true });
process.chdir(root);
for (const target of process.argv.includes('--debug') ? ['release', 'debug'] : ['release']) {
  const { error, stderr } = await asc.main(['--target', target]);
  if (error) {
    process.stderr.write(stderr.toString());
    process.exit(1);
  }
}
await copyFile(new URL('config.schema.json', import.meta.url), `${dist}config.schema.json`);
const { size } = await stat(`${dist}tagalong.wasm`);
process.stdout.write(`filter/dist/tagalong.wasm: ${size} bytes\n`);
