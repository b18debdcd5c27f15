// build: the wasm modules of other SDKs, each built from its folder in bench/peers, once for all
// processes, into the folder where the fetched Envoys are.
// Promise: what is there was built to its end from these sources by this toolchain: its folder is
// named for both, is made aside, and renamed into place.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../../../envoyfilter/src/envoy/fetch.js';
import { acquireLock } from '../../../../envoyfilter/src/envoy/lock.js';
import { type Command, run } from '../../../../test/harness/build-command.js';
import { SOURCES } from './peer.js';

const execute = promisify(execFile);

const PROBE_TIMEOUT_MS = 30_000;
const HASH_DIGITS = 12;

/** A folder of sources, and how modules come of it. */
export interface Source {
  /** In bench/peers. */
  readonly folder: string;
  /** Asks the compiler for its version, and so whether there is one. */
  readonly compiler: readonly string[];
  /** Done before, in a copy of the sources, where what it makes is not there yet. */
  readonly prepare?: { readonly unless: () => Promise<boolean>; readonly line: readonly string[] };
  /** The build, command by command, in a copy of the sources. */
  readonly lines: readonly (readonly string[])[];
  /** For these commands. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where they leave the modules, of different names. */
  readonly outputs: readonly string[];
}

export type Built =
  | { readonly home: string; readonly compiler: string }
  | { readonly home: undefined; readonly reason: string };

/** Finds them, or builds them, with lines on standard error where that takes its time. */
export async function buildModules(source: Source, env = process.env): Promise<Built> {
  const [program = '', ...args] = source.compiler;
  const compiler = await execute(program, args, { timeout: PROBE_TIMEOUT_MS }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (compiler === undefined) {
    const reason = `\`${source.compiler.join(' ')}\` does not run here`;
    return { home: undefined, reason };
  }
  const name = `peer-${source.folder}-${await fingerprint(source, compiler)}`;
  const home = join(cacheFolder(env), name);
  if (await exists(home)) return { home, compiler };
  await mkdir(dirname(home), { recursive: true });
  const lock = `${home}.lock`;
  const release = await acquireLock(lock);
  let temp: string | undefined;
  try {
    if (await exists(home)) return { home, compiler };
    temp = await mkdtemp(join(dirname(home), `.${name}-`));
    const reason = await build(source, temp, [temp, lock]);
    if (reason !== undefined) return { home: undefined, reason };
    await rename(join(temp, 'done'), home);
    return { home, compiler };
  } finally {
    if (temp !== undefined) await rm(temp, { recursive: true, force: true });
    await release();
  }
}

/** Into `temp`/done. Why not, or nothing. */
async function build(
  source: Source,
  temp: string,
  remove: readonly string[],
): Promise<string | undefined> {
  const cwd = join(temp, 'source');
  await cp(join(SOURCES, source.folder), cwd, { recursive: true });
  const { prepare } = source;
  const before = prepare === undefined || (await prepare.unless()) ? [] : [prepare.line];
  for (const line of [...before, ...source.lines]) {
    const name = `Peer ${source.folder}: ${line.slice(0, 2).join(' ')}`;
    const command: Command = { name, line, cwd, remove, ...(source.env && { env: source.env }) };
    const reason = await run(command);
    if (reason !== undefined) return reason;
  }
  await mkdir(join(temp, 'done'));
  for (const path of source.outputs) {
    await rename(join(cwd, path), join(temp, 'done', basename(path)));
  }
  return undefined;
}

/** Of what decides what comes out. */
async function fingerprint(source: Source, compiler: string): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([compiler, source.lines, source.env, source.outputs]));
  const folder = join(SOURCES, source.folder);
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const path of paths.sort()) {
    const content = await readFile(path);
    hash.update(JSON.stringify([path.slice(folder.length), content.length])).update(content);
  }
  return hash.digest('hex').slice(0, HASH_DIGITS);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
