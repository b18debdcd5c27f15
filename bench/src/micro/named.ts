// named: the filter's sources as its release is built, with the names of functions beside the code.
// asc adds them as sections of their own: the code is that of the release, byte for byte.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const OUT_FILE = 'named.wasm';

/** Takes some seconds; nothing is written. @throws Error where the sources do not compile */
export async function namedModule(): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const writeFile = (name: string, contents: string | Uint8Array) => {
    files.set(name, Buffer.from(contents));
  };
  const options = ['--baseDir', ROOT, '--target', 'release', '--debug', '--outFile', OUT_FILE];
  const { error, stderr } = await asc.main(options, { writeFile });
  const module = files.get(OUT_FILE);
  if (error !== null || module === undefined) throw new Error(`asc failed: ${stderr}`);
  return module;
}

/** Whether `filter/dist` holds the code of a named module: whether it is built of these sources. */
export function isRelease(named: Uint8Array): boolean {
  const release = readFileSync(`${ROOT}filter/dist/tagalong.wasm`);
  return Buffer.compare(release, named.subarray(0, release.length)) === 0;
}
