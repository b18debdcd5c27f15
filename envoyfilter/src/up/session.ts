// session: a local Envoy that runs policies, and goes on with others when told to.
// Promise: what has not changed stays: filters alone are replaced in the running Envoy (by discovery
// from files), anything else starts a new one on the same ports. Nothing stays behind after stop(), nor
// where this process is killed.

import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Guard, guard } from '../envoy/guard.js';
import { type EnvoyProcess, type FoundEnvoy, startEnvoy } from '../envoy/index.js';
import type { Policy } from '../policy/policy.js';
import { MODULE_FILE } from '../render/delivery.js';
import type { WasmModule } from '../render/options.js';
import type { Endpoints } from './endpoints.js';
import { type Setup, setupOf } from './setup.js';

export interface SessionOptions {
  readonly envoy: FoundEnvoy;
  readonly module: WasmModule;
  readonly port: number;
  readonly adminPort: number;
  /** The VM says what it does with each request, in Envoy's log. */
  readonly explain: boolean;
  /** A line of Envoy's output. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a change of policies came to. */
export type Change = 'nothing' | 'filters' | 'restart';

export class Session {
  readonly #options: SessionOptions;
  readonly #root: string;
  #setup: Setup | undefined;
  #envoy: EnvoyProcess | undefined;
  #guard: Guard | undefined;
  #version = 0;
  #end: () => void = () => {};
  /** Settles when Envoy ends without having been told to. */
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  private constructor(options: SessionOptions, root: string) {
    this.#options = options;
    this.#root = root;
  }

  /** @throws EnvoyFailed where Envoy does not start @throws RenderError */
  static async start(
    policies: readonly Policy[],
    endpoints: Endpoints,
    options: SessionOptions,
  ): Promise<Session> {
    const root = await mkdtemp(join(tmpdir(), 'tagalong-up-'));
    const session = new Session(options, root);
    try {
      await writeFile(join(root, MODULE_FILE), options.module.bytes);
      await session.change(policies, endpoints);
      return session;
    } catch (error) {
      await session.stop();
      throw error;
    }
  }

  /** Goes on with these policies. @throws EnvoyFailed @throws RenderError; then all is as before */
  async change(policies: readonly Policy[], endpoints: Endpoints): Promise<Change> {
    const { port, adminPort, envoy, module } = this.#options;
    const before = this.#setup;
    const setup = setupOf(policies, {
      endpoints,
      port,
      adminPort,
      module,
      root: this.#root,
      envoy: envoy.version.split('.', 2).join('.'),
    });
    if (isDeepStrictEqual(before, setup)) return 'nothing';
    await this.#write(setup, before);
    this.#setup = setup;
    if (isDeepStrictEqual(before?.bootstrap, setup.bootstrap)) return 'filters';
    try {
      await this.#restart(setup);
      return 'restart';
    } catch (error) {
      if (before === undefined || this.#options.signal.aborted) throw error;
      await this.#write(before, setup);
      this.#setup = before;
      await this.#restart(before);
      throw error;
    }
  }

  /** Where clients come in: URL by listener. */
  async urls(): Promise<Map<string, string>> {
    const urls = new Map<string, string>();
    for (const name of this.#setup?.listeners ?? []) {
      const address = await this.#envoy?.listener(name);
      if (address !== undefined) urls.set(name, `http://${address.host}:${address.port}/`);
    }
    return urls;
  }

  get admin(): string {
    return this.#envoy?.admin.url ?? '';
  }

  get notes(): readonly string[] {
    return this.#setup?.notes ?? [];
  }

  async stop(): Promise<void> {
    const envoy = this.#envoy;
    this.#envoy = undefined;
    await envoy?.stop();
    await rm(this.#root, { recursive: true, force: true });
    this.#guard?.release();
  }

  // Each as a new file that takes the place of the old one: that is what Envoy looks for.
  async #write(setup: Setup, before: Setup | undefined): Promise<void> {
    this.#version++;
    for (const [path, response] of setup.extensions) {
      if (isDeepStrictEqual(before?.extensions.get(path), response)) continue;
      const file = join(this.#root, path);
      const temporary = join(this.#root, `new-${this.#version}`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(
        temporary,
        JSON.stringify({ ...response, version_info: String(this.#version) }),
      );
      await rename(temporary, file);
    }
  }

  async #restart({ bootstrap }: Setup): Promise<void> {
    const { envoy, explain, onLine, signal } = this.#options;
    const old = this.#envoy;
    this.#envoy = undefined;
    await old?.stop();
    const started = await startEnvoy({
      path: envoy.path,
      name: 'Envoy',
      bootstrap,
      signal,
      onLine,
      componentLogLevel: explain ? 'wasm:trace' : 'wasm:info',
      args: ['--file-flush-interval-msec', '20'],
    });
    this.#envoy = started;
    this.#guard?.release();
    const guarding = guard(started.pid, [this.#root]);
    this.#guard = guarding;
    started.exited.then(() => {
      guarding.ended();
      if (this.#envoy === started) this.#end();
    });
  }
}
