// lock: one holder at a time for a file name, among processes that may share a disk.
// Promise: a holder that lives keeps it; one that died loses it at once where it ran on this host,
// else after its lock file has stood still for STALE_MS, by the waiter's own clock.
// Assumes: what is done under it is safe even if two do it (temp folder, then rename): should two
// waiters break the same stale lock in the same microseconds, the price is a second download.

import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** A holder touches its lock file this often. */
const BEAT_MS = 2_000;
/** A lock file untouched for so long has no holder any more: many beats, for a stalled machine. */
const STALE_MS = 60_000;
const POLL_MS = 100;

export interface LockOptions {
  /** Ends the waiting, by the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called at each look at a lock that somebody else holds. */
  readonly onWait?: ((holder: string) => void) | undefined;
  /** Default STALE_MS. */
  readonly staleMs?: number | undefined;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/** Waits for the lock, without a deadline of its own. The result releases it. */
export async function acquireLock(
  path: string,
  options: LockOptions = {},
): Promise<() => Promise<void>> {
  const mine: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  const text = JSON.stringify(mine);
  let seen = '';
  let seenAt = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    if (await create(path, text)) break;
    const state = await look(path);
    if (state === undefined) continue; // released just now
    if (state.stamp !== seen) {
      seen = state.stamp;
      seenAt = performance.now();
    }
    const stoodStillMs = performance.now() - seenAt;
    if (isDead(state.holder) || stoodStillMs > (options.staleMs ?? STALE_MS)) {
      await breakLock(path, state.text);
      continue;
    }
    options.onWait?.(state.holder ? `process ${state.holder.pid}` : 'another process');
    await delay(POLL_MS, undefined, options.signal ? { signal: options.signal } : {}).catch(
      () => options.signal?.throwIfAborted(), // the reason itself, not AbortError around it
    );
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {}); // broken by another: nothing to keep alive
  }, BEAT_MS);
  beat.unref();
  return async () => {
    clearInterval(beat);
    const current = await readFile(path, 'utf8').catch(() => '');
    if (current === text) await rm(path, { force: true });
  };
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

interface LockState {
  readonly text: string;
  /** Changes with every beat and every holder. */
  readonly stamp: string;
  readonly holder: Holder | undefined;
}

async function look(path: string): Promise<LockState | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    const { mtimeMs, ino } = await stat(path);
    return { text, stamp: `${ino} ${mtimeMs} ${text}`, holder: parse(text) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

// Between a creation and its write the file is empty: a holder not known yet, so not a dead one.
function parse(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    if (typeof value?.pid !== 'number' || typeof value.host !== 'string') return undefined;
    return value as Holder;
  } catch {
    return undefined;
  }
}

function isDead(holder: Holder | undefined): boolean {
  if (holder === undefined || holder.host !== hostname()) return false;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

// Moved aside first: of several waiters one gets the stale file, and one that got a fresh lock by
// mistake puts it back.
async function breakLock(path: string, staleText: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const text = await readFile(aside, 'utf8');
  if (text !== staleText) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}
