// version: which Envoys are supported, and which one an executable is.
// Promise: a version is read by running `envoy --version`, so it also proves that the file runs here.

import { execFile } from 'node:child_process';

/** The version that is fetched where none is named and none is installed. */
export const DEFAULT_VERSION = '1.40.0';

/** Each supported minor version, by its newest patch that the Python package offers. */
export const SUPPORTED_VERSIONS = ['1.36.4', '1.37.0', '1.38.3', '1.39.3', '1.40.0'] as const;

/** An `envoy` on PATH that is older than this [major, minor] is passed over. */
export const OLDEST_SUPPORTED = [1, 36] as const;

// The executable has 100 MB: from a cold disk beside other work its first start takes seconds.
const VERSION_TIMEOUT_MS = 60_000;

/**
 * The version in the output of `envoy --version`, e.g. '1.40.0' or '1.41.0-dev'; undefined where
 * the text is not Envoy's. The form is `…  version: COMMIT/VERSION/Clean/RELEASE/BoringSSL`.
 */
export function parseVersion(output: string): string | undefined {
  return /\bversion:\s*[^/\s]*\/(\d+\.\d+\.\d+[^/\s]*)\//.exec(output)?.[1];
}

/** True where the version is at least OLDEST_SUPPORTED. */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.', 2).map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_SUPPORTED;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * Runs `path --version`. Rejects with an Error whose message is the reason as a phrase that can
 * follow "PATH: ", or with the signal's own reason.
 */
export function readVersion(path: string, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: VERSION_TIMEOUT_MS, killSignal: 'SIGKILL', signal } as const;
    execFile(path, ['--version'], options, (error, stdout, stderr) => {
      if (signal?.aborted) return reject(signal.reason);
      if (error) return reject(new Error(whyNot(error, stderr || stdout), { cause: error }));
      const version = parseVersion(stdout);
      if (version !== undefined) return resolve(version);
      const said = firstLine(stdout || stderr);
      reject(new Error(`is not Envoy: its --version says ${JSON.stringify(said)}`));
    });
  });
}

interface RunError extends Error {
  // A string where the process could not be started, a number where it ended with that code.
  code?: string | number | null;
  killed?: boolean;
  signal?: string | null;
}

function whyNot(error: RunError, output: string): string {
  if (error.code === 'ENOENT') return 'does not exist';
  if (error.code === 'EACCES') return 'is not an executable file';
  if (error.code === 'ENOEXEC' || /ENOEXEC|EBADARCH/.test(error.message)) {
    return `is not an executable for ${process.platform} ${process.arch}`;
  }
  if (error.killed) return `did not answer --version within ${VERSION_TIMEOUT_MS / 1000} s`;
  const end = error.signal ? `was ended by ${error.signal}` : `ended with ${error.code}`;
  const said = firstLine(output);
  return `does not run: --version ${end}${said === '' ? '' : `, saying ${JSON.stringify(said)}`}`;
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
}
