// service: a Node service as a process of its own.
// Promise: it ends when stopped, and with this process however that ends: its IPC channel closes.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface Service {
  readonly port: number;
  /** Tells it something on its IPC channel. */
  tell(message: object): void;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 15_000;

/** What `--import @tagalong/node/register` finds, wherever the process was started. */
const REGISTER = pathToFileURL(
  createRequire(import.meta.url).resolve('@tagalong/node/register'),
).href;

/** Starts `test/services/NAME.mjs`, under the SDK if told so, and waits for its port. */
export async function startService(
  name: string,
  { env = {}, sdk }: { env?: Record<string, string>; sdk: boolean },
): Promise<Service> {
  const script = fileURLToPath(new URL(`../services/${name}.mjs`, import.meta.url));
  const execArgv = sdk ? ['--import', REGISTER] : [];
  const child = fork(script, { env: { ...process.env, ...env }, execArgv });
  const exited = once(child, 'exit');
  const started = await Promise.race([
    once(child, 'message', { signal: AbortSignal.timeout(START_TIMEOUT_MS) }),
    exited.then(([code]) => {
      throw new Error(`service ${name} ended with code ${code} before it listened`);
    }),
  ]);
  const { port } = started[0] as { port: number };
  return {
    port,
    tell: (message) => child.send(message),
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}
