// watch: tells when one of some files has changed, whatever way an editor writes it.

import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** An editor's save is several events: they are one change. */
const QUIET_MS = 100;

/** Calls `changed` after each change, until the signal is aborted. Folders: any file in them. */
export function watchFiles(
  files: readonly { readonly path: string; readonly isFolder: boolean }[],
  changed: () => void,
  signal: AbortSignal,
): void {
  let timer: NodeJS.Timeout | undefined;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, QUIET_MS);
  };
  // The folder, since many editors put a new file in the place of the old one.
  const watchers = files.map(({ path, isFolder }): FSWatcher => {
    const folder = isFolder ? path : dirname(path);
    return watch(folder, (_event, name) => {
      if (isFolder || name === null || name === basename(path)) later();
    });
  });
  const end = () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
}
