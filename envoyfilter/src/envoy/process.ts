// process: one Envoy, from its bootstrap to its end.
// Promise: ports are the kernel's choice, files are in a temp folder of its own, and nothing stays
// behind when this process ends, however it ends (guard.ts).
// Left to others: which Envoy (find.ts), what it is told (the caller), what it says (admin.ts).

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Address, AdminClient, connectable } from './admin.js';
import { EnvoyFailed, type Exit } from './errors.js';
import { type Guard, guard, killGroup } from './guard.js';
import { LogLines } from './log-lines.js';

export interface StartOptions {
  /** The executable, as from findEnvoy(). */
  readonly path: string;
  /** Bootstrap as plain data; an admin on 127.0.0.1, port 0, and a node are added where absent. */
  readonly bootstrap: object;
  /** Worker threads; default 1. */
  readonly concurrency?: number | undefined;
  /** trace, debug, info, warning, error, critical or off; default warning. */
  readonly logLevel?: string | undefined;
  /** As in 'wasm:debug,config:trace'. */
  readonly componentLogLevel?: string | undefined;
  /** What messages call it, and its node id; default 'envoy'. */
  readonly name?: string | undefined;
  /** While starting: gives up. Later: stops it. */
  readonly signal?: AbortSignal | undefined;
  /** Until /ready says LIVE; default 30,000. */
  readonly readyTimeoutMs?: number | undefined;
  /** From SIGTERM to SIGKILL; default 5,000. */
  readonly stopTimeoutMs?: number | undefined;
  /**
   * True: it is expected to end by itself before it is ready. The result is then the ended
   * process with its logs, and becoming ready is the failure.
   */
  readonly expectFailure?: boolean | undefined;
  /** More arguments, e.g. ['--file-flush-interval-msec', '50']: access logs come at once then. */
  readonly args?: readonly string[] | undefined;
  /** Told of each line of its output as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface WaitForLogOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Only lines from this index on, e.g. an earlier `logCount`; default 0: all still held. */
  readonly after?: number | undefined;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;
const LOG_TIMEOUT_MS = 10_000;
const LISTENER_TIMEOUT_MS = 5_000;
/** One look at /ready: short, so that an abort is seen soon. */
const ASK_TIMEOUT_MS = 1_000;
const POLL_MS = 20;

/**
 * Starts Envoy and waits until it is ready.
 * @throws EnvoyFailed where it ends early or is not ready in time, with its last log lines
 */
export async function startEnvoy(options: StartOptions): Promise<EnvoyProcess> {
  const { signal, expectFailure = false, name = 'envoy' } = options;
  signal?.throwIfAborted();
  const dir = await mkdtemp(join(tmpdir(), 'tagalong-envoy-'));
  let envoy: EnvoyProcess;
  try {
    envoy = await launch(options, name, dir);
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
  try {
    await untilReady(envoy, options.readyTimeoutMs ?? READY_TIMEOUT_MS, signal);
  } catch (error) {
    if (expectFailure && error instanceof EnvoyFailed && error.exit !== undefined) return envoy;
    await envoy.stop();
    throw error;
  }
  if (expectFailure) {
    await envoy.stop();
    throw new EnvoyFailed(`${name} became ready, and was expected to fail.`, envoy.logs);
  }
  if (signal) {
    const stop = () => void envoy.stop();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    envoy.exited.then(() => signal.removeEventListener('abort', stop));
  }
  return envoy;
}

async function launch(options: StartOptions, name: string, dir: string): Promise<EnvoyProcess> {
  const bootstrapPath = join(dir, 'bootstrap.json');
  const addressPath = join(dir, 'admin-address');
  await writeFile(bootstrapPath, JSON.stringify(complete(options.bootstrap, name), null, 2));
  const args = [
    ...['--config-path', bootstrapPath],
    ...['--concurrency', String(options.concurrency ?? 1)],
    ...['--log-level', options.logLevel ?? 'warning'],
    ...(options.componentLogLevel ? ['--component-log-level', options.componentLogLevel] : []),
    ...['--admin-address-path', addressPath],
    // Many Envoys side by side: without hot restart there is no base id to clash, and no shared
    // memory that a killed one would leave behind.
    '--disable-hot-restart',
    ...(options.args ?? []),
  ];
  const output = openOutput(dir);
  const child = spawn(options.path, args, {
    // Of its own group, so that Ctrl-C reaches the program only, which then stops it in order.
    detached: true,
    stdio: ['ignore', output.write, output.write],
  });
  closeSync(output.write);
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => {
      output.read.destroy();
      reject(new EnvoyFailed(`${name}: ${options.path} cannot be run: ${cause.message}`, []));
    });
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  return new EnvoyProcess({ ...options, name }, child, pid, dir, addressPath, output.read);
}

// Node's own pipes are sockets, and Envoy cannot open /dev/stdout (an access log's usual path) if
// that is a socket: hence a real pipe, by name.
function openOutput(dir: string): { read: Socket; write: number } {
  const path = join(dir, 'output');
  execFileSync('mkfifo', ['-m', '600', path], { env: { PATH: '/usr/bin:/bin' } });
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY);
  return { read: new Socket({ fd: read, readable: true, writable: false }), write };
}

function complete(bootstrap: object, name: string): object {
  const { admin, node, ...rest } = bootstrap as { admin?: object; node?: object };
  const address = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  return {
    node: { id: name, cluster: name, ...node },
    admin: { address, ...admin },
    ...rest,
  };
}

async function untilReady(
  envoy: EnvoyProcess,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  let ended: Exit | undefined;
  envoy.exited.then((exit) => {
    ended = exit;
  });
  let state = 'its admin interface has no address yet';
  while (performance.now() < deadlineMs) {
    signal?.throwIfAborted();
    if (ended) {
      const how = ended.signal ? `by ${ended.signal}` : `with code ${ended.code}`;
      throw new EnvoyFailed(`${envoy.name} ended ${how} before it was ready.`, envoy.logs, ended);
    }
    if (await envoy.hasAdmin()) {
      state = await envoy.admin.state(ASK_TIMEOUT_MS).catch((error: Error) => error.message);
      if (state === 'LIVE') return;
    }
    await Promise.race([delay(POLL_MS), envoy.exited]);
  }
  throw new EnvoyFailed(
    `${envoy.name} was not ready within ${timeoutMs} ms: ${state}.`,
    envoy.logs,
  );
}

interface Settings extends StartOptions {
  readonly name: string;
}

/** A running Envoy, or one that has ended. Made by startEnvoy(). */
export class EnvoyProcess {
  readonly name: string;
  readonly pid: number;
  /** Its temp folder: bootstrap.json and whatever a test puts there; removed by stop(). */
  readonly dir: string;
  /** Settles when it has ended and all of its output is in `logs`. */
  readonly exited: Promise<Exit>;
  readonly #log: LogLines;
  readonly #addressPath: string;
  readonly #guard: Guard;
  readonly #stopTimeoutMs: number;
  #admin: AdminClient | undefined;
  #exit: Exit | undefined;
  #stopped: Promise<void> | undefined;

  constructor(
    settings: Settings,
    child: ChildProcess,
    pid: number,
    dir: string,
    addressPath: string,
    output: Socket,
  ) {
    this.name = settings.name;
    this.#log = new LogLines(settings.onLine);
    this.pid = pid;
    this.dir = dir;
    this.#addressPath = addressPath;
    this.#stopTimeoutMs = settings.stopTimeoutMs ?? STOP_TIMEOUT_MS;
    this.#guard = guard(pid, [dir]);
    output.setEncoding('utf8');
    output.on('data', (text: string) => this.#log.write(text));
    const drained = new Promise<void>((resolve) => {
      output.on('error', () => resolve());
      output.on('close', () => resolve());
    });
    this.exited = new Promise((resolve) => {
      child.once('exit', async (code, signal) => {
        killGroup(pid, 'SIGKILL'); // what a wrapper script may have left, and what keeps output open
        await drained;
        this.#log.end();
        this.#exit = { code, signal };
        this.#guard.ended();
        resolve(this.#exit);
      });
    });
  }

  /** Its administration interface; throws before the address is known. */
  get admin(): AdminClient {
    if (this.#admin === undefined) throw new EnvoyFailed(`${this.name}: no admin`, this.logs);
    return this.#admin;
  }

  /** Looks for the address file that Envoy writes once its admin interface is bound. */
  async hasAdmin(): Promise<boolean> {
    if (this.#admin) return true;
    const text = await readFile(this.#addressPath, 'utf8').catch(() => '');
    const match = /^\[?(.*?)\]?:(\d+)$/.exec(text.trim());
    if (match === null) return false;
    this.#admin = new AdminClient({
      host: connectable(match[1] ?? ''),
      port: Number(match[2]),
    });
    return true;
  }

  /** What it wrote to standard output and error, oldest first, the last 5,000 lines. */
  get logs(): readonly string[] {
    return this.#log.lines;
  }

  /** Lines that ever came: pass it to waitForLog as `after` to wait for a new one. */
  get logCount(): number {
    return this.#log.count;
  }

  /**
   * The first log line that matches, past or to come.
   * @throws EnvoyFailed at the deadline, or when Envoy ends first
   */
  async waitForLog(pattern: RegExp, options: WaitForLogOptions = {}): Promise<string> {
    const { timeoutMs = LOG_TIMEOUT_MS, after = 0 } = options;
    const giveUp = new AbortController();
    const fail = (why: string) => {
      const what = `${this.name}: no log line matches ${pattern}: ${why}.`;
      giveUp.abort(new EnvoyFailed(what, this.logs, this.#exit));
    };
    const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
    const found = this.#log.waitFor(pattern, after, giveUp.signal);
    this.exited.then(() => fail('it has ended'));
    try {
      return await found;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Where to connect to the listener of that name; waits for it, since a listener by discovery
   * may come after readiness.
   * @throws EnvoyFailed where there is none within `timeoutMs`, default 5,000
   */
  async listener(name: string, timeoutMs = LISTENER_TIMEOUT_MS): Promise<Address> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const all = await this.admin.listeners();
      const found = all.find((one) => one.name === name);
      if (found !== undefined && found.port !== 0) return { host: found.host, port: found.port };
      if (performance.now() > deadlineMs) {
        const names = all.map((one) => one.name).join(', ') || 'none';
        const what = `${this.name} has no listener ${JSON.stringify(name)}; it has: ${names}.`;
        throw new EnvoyFailed(what, this.logs);
      }
      await delay(POLL_MS);
    }
  }

  /** SIGTERM, SIGKILL if that takes too long, then the temp folder goes. Any number of times. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (this.#exit === undefined) {
      killGroup(this.pid, 'SIGTERM');
      const timer = setTimeout(() => killGroup(this.pid, 'SIGKILL'), this.#stopTimeoutMs);
      await this.exited;
      clearTimeout(timer);
    }
    await rm(this.dir, { recursive: true, force: true });
    this.#guard.release();
  }
}
