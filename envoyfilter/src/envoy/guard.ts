// guard: child processes and folders that must not outlive this process.
// Promise: they go with it on exit, on an exception, on Ctrl-C and on SIGKILL, and no signal handler
// is installed for that: a handler of ours would take the default action away from the program.
// How: an 'exit' hook, and beside each child a shell that waits for the end of a pipe from here.
// Left open: a SIGKILL in the moment between a child's start and its shell's.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

// Argument 1 is the process group, the others are paths. Input: 'ended' = the group is gone (its
// number may soon be another's), 'done' = nothing to do any more. End of input: this process is gone.
const WATCH = `PATH=/usr/bin:/bin:$PATH; group=$1; shift
while read -r word; do
  [ "$word" = done ] && exit 0
  group=
done
[ -n "$group" ] && kill -9 "-$group"
rm -rf -- "$@"`;

/** What a guarded process and its paths need to hear. Both may be called more than once. */
export interface Guard {
  /** The process has ended; the paths stay guarded. */
  ended(): void;
  /** The guarding is over; it touches neither process nor paths. */
  release(): void;
}

const undos = new Set<() => void>();
let hooked = false;

function runAll(): void {
  for (const undo of undos) undo();
}

/**
 * Guards the process group `pid` (start the child with `detached: true`, so that it leads a group
 * of its own) and the `paths`, files or folders.
 */
export function guard(pid: number, paths: readonly string[]): Guard {
  const watcher = spawn('/bin/sh', ['-c', WATCH, 'tagalong-guard', String(pid), ...paths], {
    detached: true, // or Ctrl-C, which goes to the whole group, would end the watcher first
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  // Where there is no shell the exit hook is what remains.
  watcher.on('error', () => {});
  watcher.stdin.on('error', () => {});
  watcher.unref();
  (watcher.stdin as unknown as { unref?: () => void }).unref?.();

  let alive = true;
  const undo = () => {
    if (alive) killGroup(pid, 'SIGKILL');
    for (const path of paths) rmSync(path, { recursive: true, force: true });
  };
  if (!hooked) {
    process.on('exit', runAll);
    hooked = true;
  }
  undos.add(undo);
  return {
    ended() {
      if (alive && undos.has(undo)) watcher.stdin.write('ended\n');
      alive = false;
    },
    release() {
      if (undos.delete(undo)) watcher.stdin.end('done\n');
    },
  };
}

/** Sends a signal to a child that leads a process group, and to all in it; gone is fine. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
